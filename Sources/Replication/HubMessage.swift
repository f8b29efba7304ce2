import FailoverCore
import HubProtocol

/// A message of the show, as far as it is copied from hub to hub.
public struct HubMessage: Hashable, Sendable {
    public var topic: String
    public var payload: [UInt8]
    /// Its author asked the broker to keep it. An empty one deletes what was kept.
    public var isRetained: Bool
    /// QoS 1 or more; as QoS 0 it may be dropped where a reader does not keep up.
    public var isConfirmed: Bool
    /// Its author waits for its hub only. When it is copied, too, may be said later, for many at once.
    public var isPatient: Bool
    /// When the brokers drop it.
    public var expiry: Timestamp?
    /// `nil`: its author knows no identities.
    public var identity: MessageIdentity?
    /// `nil` where it has none, as most messages.
    public var properties: Properties?

    /// What MQTT 5 lets an author say beside the payload.
    public struct Properties: Hashable, Sendable {
        public var contentType: String?
        public var isText = false
        public var responseTopic: String?
        public var correlationData: [UInt8]?
        public var user: [UserProperty] = []

        public init() {}
    }

    public struct UserProperty: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        topic: String, payload: [UInt8], isRetained: Bool, isConfirmed: Bool = true, isPatient: Bool = false,
        expiry: Timestamp? = nil, identity: MessageIdentity? = nil, properties: Properties? = nil
    ) {
        self.topic = topic
        self.payload = payload
        self.isRetained = isRetained
        self.isConfirmed = isConfirmed
        self.isPatient = isPatient
        self.expiry = expiry
        self.identity = identity
        self.properties = properties
    }

    /// It deletes what was retained on its topic.
    public var isDeletion: Bool { isRetained && payload.isEmpty }
}
