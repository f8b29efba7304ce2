import Foundation

/// What a person reads in a terminal. Colour only where there is one, and never as the only sign.
struct Terminal {
    enum Colour: String {
        case green = "32"
        case yellow = "33"
        case red = "31"
        case dim = "2"
        case bold = "1"
    }

    /// Standard output is a terminal.
    let isInteractive: Bool
    private let hasColour: Bool

    init() {
        isInteractive = isatty(STDOUT_FILENO) == 1
        let environment = ProcessInfo.processInfo.environment
        hasColour = isInteractive && environment["NO_COLOR"] == nil && environment["TERM"] != "dumb"
    }

    func paint(_ text: String, _ colour: Colour?) -> String {
        guard hasColour, let colour else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }

    /// Draws over what was drawn before.
    func redraw(_ text: String) {
        // Home, every line to its end, and what is left below.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        write("\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J")
    }

    func write(_ text: String) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            // Nobody reads any more, as after `| head`.
            exit(ExitStatus.done.rawValue)
        }
    }

    func line(_ text: String) { write(text + "\n") }

    /// Beside the output, on standard error.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((plain(text, longest: 4000) + "\n").utf8))
    }

    /// Texts of other machines, without what could steer the terminal or turn the line around.
    ///
    /// - Parameter longest: in characters (Unicode scalars); what is behind is left out.
    static func plain(_ text: String, longest: Int = 200) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(longest).map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}

/// Columns that are as wide as their widest cell.
struct Table {
    struct Cell {
        var text: String
        var colour: Terminal.Colour?

        init(_ text: String, _ colour: Terminal.Colour? = nil) {
            self.text = Terminal.plain(text)
            self.colour = colour
        }
    }

    var header: [String]
    var rows: [[Cell]]

    func render(_ terminal: Terminal) -> String {
        let all = (header.isEmpty ? [] : [header.map { Cell($0, .dim) }]) + rows
        let count = all.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in all.map { $0.count > column ? $0[column].text.count : 0 }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { column, cell in
                let isLast = column == row.count - 1
                let padding = isLast ? "" : String(repeating: " ", count: widths[column] - cell.text.count)
                return terminal.paint(cell.text, cell.colour) + padding
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
