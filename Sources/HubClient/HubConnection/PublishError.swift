import MQTTSession

/// Why a message was not published, or is not known to be. A sentence for a person, with what to do.
public enum PublishError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Wildcards, NUL, empty or too long.
    case invalidTopic(String)
    case tooLarge(bytes: Int)
    /// The site lets nobody but itself write there, or not this machine.
    case notAuthorized(topic: String)
    /// No hub was reached in time; the message was not sent.
    case noHub(after: Duration)
    /// It was sent, and may be on one hub or on both; nobody said in time that it is on both.
    case notConfirmed(after: Duration)
    /// The connection was closed first.
    case closed

    public static let mostPayloadBytes = 1024 * 1024

    public var description: String {
        switch self {
        case .invalidTopic(let topic):
            "\(topic.debugDescription) is no topic to publish on: it must not be empty, hold + or # or a NUL, or be longer "
                + "than 65,535 bytes."
        case .tooLarge(let bytes):
            "a message holds at most \(Self.mostPayloadBytes) bytes, and this one \(bytes). Push it as a file."
        case .notAuthorized(let topic): "this machine may not write \(topic)."
        case .noHub(let span):
            "no hub could be reached within \(span.inSecondsText) s, so nothing was published. Look at the site with "
                + "understudy status, then try again."
        case .notConfirmed(let span):
            "the message was sent, and within \(span.inSecondsText) s no hub confirmed that it is safe. It may have arrived: "
                + "look before you send it again."
        case .closed: "the connection was closed before the message was confirmed."
        }
    }
}

/// Why a subscription ended, or could not begin.
public enum SubscribeError: Error, Hashable, Sendable, CustomStringConvertible {
    case invalidFilter(String)
    /// The program took messages more slowly than they came, and the buffer is full.
    case tooSlow(buffered: Int)
    /// The connection was closed first.
    case closed

    public var description: String {
        switch self {
        case .invalidFilter(let filter):
            "\(filter.debugDescription) is no topic filter: + stands for a whole level, # for all the last ones."
        case .tooSlow(let buffered):
            "\(buffered) messages wait to be read, and no more are kept: read faster, or subscribe to less. What is retained "
                + "comes again with a new subscription."
        case .closed: "the connection was closed."
        }
    }
}

extension Duration {
    fileprivate var inSecondsText: String {
        let seconds = Double(components.seconds) + Double(components.attoseconds) / 1e18
        return seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
    }
}
