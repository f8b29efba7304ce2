import Foundation
import Logging

/// Writes what is logged to standard error, one line an event, with the moment to the microsecond: an election is over
/// within a hundredth of a second.
struct LogLines: LogHandler {
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let context = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let words = [Self.now, "\(event.level)"] + context.map { "\($0.key)=\($0.value)" } + ["\(event.message)\n"]
        FileHandle.standardError.write(Data(words.joined(separator: " ").utf8))
    }

    /// ISO 8601 in UTC.
    private static var now: String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var calendar = tm()
        gmtime_r(&time.tv_sec, &calendar)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &calendar)
        let seconds = String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let microseconds = String(time.tv_nsec / 1000)
        return "\(seconds).\(String(repeating: "0", count: 6 - microseconds.count))\(microseconds)Z"
    }
}
