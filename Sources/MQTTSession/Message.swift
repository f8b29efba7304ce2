/// MQTT's three delivery promises.
public enum QualityOfService: Int32, Sendable {
    case atMostOnce = 0
    case atLeastOnce = 1
    case exactlyOnce = 2
}

/// A message as it arrived.
public struct Message: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var quality: QualityOfService
    /// It was kept by the broker and is not new; with `retainAsPublished`, its author asked for that.
    public var isRetained: Bool
    /// What is left of its expiry interval, in seconds, where it has one.
    public var expirySeconds: UInt32?
    /// Where its author wants an answer, and what the answer must carry.
    public var responseTopic: String?
    public var correlationData: [UInt8]?
    public var contentType: String?
    /// Its author says that the payload is UTF-8.
    public var isText = false
    public var userProperties: [UserProperty] = []
}

/// A pair of texts that an author adds to a message; a name may stand more than once.
public struct UserProperty: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A message to publish.
public struct Publication: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var quality: QualityOfService
    public var retain: Bool
    /// The broker drops it after this many seconds; `nil` keeps it.
    public var expirySeconds: UInt32?
    /// Where an answer is wanted, and what it must carry.
    public var responseTopic: String?
    public var correlationData: [UInt8]?
    public var contentType: String?
    /// The payload is UTF-8.
    public var isText = false
    public var userProperties: [UserProperty] = []

    public init(
        topic: String, payload: [UInt8], quality: QualityOfService = .atLeastOnce, retain: Bool = false,
        expirySeconds: UInt32? = nil, responseTopic: String? = nil, correlationData: [UInt8]? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.quality = quality
        self.retain = retain
        self.expirySeconds = expirySeconds
        self.responseTopic = responseTopic
        self.correlationData = correlationData
    }
}
