// Dispatch sources may be used from any thread; the module does not say so yet.
@preconcurrency import Dispatch
import Foundation

/// Single key presses from a terminal. Ctrl-C stays a signal.
final class Keyboard: Sendable {
    private let original: termios
    private let keys: AsyncStream<Void>
    private let source: any DispatchSourceRead

    init() {
        var mode = termios()
        tcgetattr(STDIN_FILENO, &mode)
        original = mode
        mode.c_lflag &= ~UInt32(ICANON | ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
        let (keys, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.keys = keys
        source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO)
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 64)
            // The end of input counts as a key: nobody is there to wait for.
            if read(STDIN_FILENO, &bytes, bytes.count) > 0 { continuation.yield() } else { continuation.finish() }
        }
        source.activate()
    }

    func key() async { _ = await keys.first { _ in true } }

    /// Puts the terminal back as it was.
    func restore() {
        source.cancel()
        var mode = original
        tcsetattr(STDIN_FILENO, TCSANOW, &mode)
    }
}
