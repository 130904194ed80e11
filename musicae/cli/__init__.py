"""The command line: one file per command, which parses, calls the verb and prints.

A command file holds `command`, a function whose signature is the command's options, and `EXAMPLES`, command lines that
run. It imports nothing heavy at module level: every command file is imported to answer `musicae --help`.
"""
