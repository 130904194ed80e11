"""Training: a loop that knows a task, and music as one."""
