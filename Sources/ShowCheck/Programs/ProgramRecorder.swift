import Foundation
import MQTTSession
import ShowHistory

/// Where the programs of one process write down what they do and see.
@SessionLoop
final class ProgramRecorder {
    private let clock: RunClock
    private let file: FileHandle
    private var unwritten: [UInt8] = []
    /// The disk is full, say.
    private var failure: (any Error)?

    private static let bytesAtOnce = 256 * 1024

    init(file path: String, clock: RunClock) throws {
        self.clock = clock
        guard FileManager.default.createFile(atPath: path, contents: nil), let file = FileHandle(forWritingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path]) }
        self.file = file
    }

    var now: Elapsed { clock.now }

    func note(_ line: HistoryLine) {
        unwritten.append(contentsOf: line.text.utf8)
        unwritten.append(UInt8(ascii: "\n"))
        if unwritten.count >= Self.bytesAtOnce { write() }
    }

    /// - Throws: what kept it from writing everything.
    func close() throws {
        write()
        if let failure { throw failure }
        try file.close()
    }

    private func write() {
        do { try file.write(contentsOf: unwritten) } catch { failure = failure ?? error }
        unwritten.removeAll(keepingCapacity: true)
    }
}
