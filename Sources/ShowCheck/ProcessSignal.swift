import Glibc

/// Apart, since `kill` is also the name of a fault.
func sendKill(_ process: Int32) { kill(process, SIGKILL) }
