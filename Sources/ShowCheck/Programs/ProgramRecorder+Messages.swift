import HubProtocol
import MQTTSession
import ShowHistory

extension ProgramRecorder {
    func saw(_ message: Message, by reader: String) {
        guard !message.payload.isEmpty else {
            return note(.saw(reader: reader, message: nil, topic: message.topic, message.way, at: now))
        }
        guard let read = ShowPayload.read(message.payload) else {
            let start = String(decoding: message.payload.prefix(60), as: UTF8.self)
            return note(
                .unreadable(reader: reader, "\(message.topic) with \(message.payload.count) bytes, \(start)"))
        }
        let written = HistoryLine.Written(author: read.author, sequence: read.sequence)
        note(.saw(reader: reader, message: written, topic: message.topic, message.way, at: now))
    }
}

extension Message {
    /// The servers mark what they copy.
    fileprivate var way: Sighting.Way {
        let marks = userProperties.map(\.name)
        if isRetained || marks.contains(MessageProperty.snapshot) { return .state }
        return marks.contains(MessageProperty.origin) ? .copy : .live
    }
}
