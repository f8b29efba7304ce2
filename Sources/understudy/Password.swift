import Foundation

/// A secret from the person who runs a command.
enum Password {
    /// From the first line of standard input, or typed twice in a terminal, which does not show it.
    ///
    /// - Throws: `UsageError` when there is none, or when both differ.
    static func ask(_ prompt: String) throws -> String {
        guard isatty(STDIN_FILENO) == 1 else { return try checked(readLine()) }
        let first = try checked(typed(prompt))
        guard typed("The same once more: ") == first else {
            throw UsageError(description: "the two passwords differ, and nothing was written. Run the command again.")
        }
        return first
    }

    private static func checked(_ line: String?) throws -> String {
        guard let line, !line.isEmpty else {
            throw UsageError(
                description: "a password of at least one character is needed, for what is written holds a private key. "
                    + "Type one, or give it as the first line of standard input.")
        }
        return line
    }

    private static func typed(_ prompt: String) -> String? {
        var original = termios()
        tcgetattr(STDIN_FILENO, &original)
        var silent = original
        silent.c_lflag &= ~tcflag_t(ECHO)
        // The line's end is shown, so that the next text begins on a line of its own.
        silent.c_lflag |= tcflag_t(ECHONL)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSAFLUSH, &original) }
        FileHandle.standardError.write(Data(prompt.utf8))
        return readLine()
    }
}
