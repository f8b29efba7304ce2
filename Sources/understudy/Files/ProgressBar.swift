import AssetClient
import AsyncAlgorithms
import Foundation

/// How far a transfer has come, on one line of standard error, where that is a terminal.
struct ProgressBar {
    private let start = ContinuousClock.now
    /// In columns.
    private let width: Int

    /// - Parameter body: what takes its time.
    static func show<Result: Sendable>(
        _ progress: TransferProgress, while body: () async throws -> Result
    ) async throws -> Result {
        guard isatty(STDERR_FILENO) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else {
            return try await body()
        }
        let drawing = Task {
            let bar = ProgressBar(width: columns)
            for await _ in AsyncTimerSequence(interval: interval, clock: .continuous) {
                FileHandle.standardError.write(Data("\r\(bar.line(progress.state))\u{1B}[K".utf8))
            }
        }
        defer {
            drawing.cancel()
            FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
        }
        return try await body()
    }

    private init(width: Int) { self.width = width }

    private func line(_ state: TransferProgress.State) -> String {
        let verb = state.phase == .comparing ? "comparing" : "files"
        let passed = (ContinuousClock.now - start) / .seconds(1)
        let rate = passed > 0 ? Double(state.bytesDone) / passed : 0
        var text =
            "\(verb) \(state.filesDone)/\(state.files)  \(ByteCount.text(state.bytesDone)) of \(ByteCount.text(state.bytes))"
        if state.bytesDone > 0 { text += "  \(ByteCount.text(rate))/s" }
        let left = rate > 0 ? Double(state.bytes - state.bytesDone) / rate : 0
        if passed > 1, left >= 1 { text += "  \(Self.time(left)) left" }
        let share = state.bytes > 0 ? min(1, Double(state.bytesDone) / Double(state.bytes)) : 0
        let room = min(30, width - text.count - 4)
        guard room >= 5 else { return String(text.prefix(max(0, width - 1))) }
        let full = Int(share * Double(room))
        return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: room - full) + "] " + text
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(min(seconds, 359_999).rounded(.up))
        let minutes = whole / 60 % 60
        return whole >= 3600
            ? String(format: "%d:%02d:%02d", whole / 3600, minutes, whole % 60)
            : String(format: "%d:%02d", minutes, whole % 60)
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static let interval = Duration.milliseconds(100)
}
