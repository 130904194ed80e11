"""LSTMs over sequences and one step at a time, always on the parameters of an `nn.LSTM`.

What is unusual:

- The arithmetic of a stack is a backend, chosen once (`stack.use_backend`), never by looking at a tensor. `plain` is
  torch's own LSTM and gives derivatives of any order; `cudnn` is the same in one fused call on a GPU; `fast_cpu` has a
  backward pass of its own and trains faster on a CPU. The last two give first derivatives alone, and refuse others.
- Parameters have the names and shapes that `nn.LSTM` gives them, whatever the backend.
- Forget gates start open: their bias is 1 (Jozefowicz et al. 2015).
- What a stack reads at every step alike (the context) is an argument of its own: `fast_cpu` multiplies it once.
- Sequences that end early are packed (`networks/ragged.py`); outputs after a sequence's last step are zero.
- Where the next input depends on the last output, `step.StepLSTM` takes one step at a time.
"""
