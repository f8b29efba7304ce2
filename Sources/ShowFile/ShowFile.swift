import FailoverCore
import HubProtocol
import Replication

/// The whole live state of a show at one moment, under a name. A value without clock or IO.
public struct ShowFile: Equatable, Sendable {
    public var name: ShowName
    public var savedAt: UTCTime
    /// The user who asked for it, or the Main server that made it by itself.
    public var savedBy: MachineName?
    /// Nobody asked for it.
    public var isAutomatic: Bool
    /// Of an automatic one: the show that was the present one then. It is the present one again after it is loaded.
    public var backupOf: ShowName?
    /// In the order of their topics, each topic once.
    public private(set) var items: [ShowItem]

    /// - Parameter items: of each topic one.
    public init(
        name: ShowName, savedAt: UTCTime, savedBy: MachineName?, isAutomatic: Bool = false, backupOf: ShowName? = nil,
        items: [ShowItem]
    ) {
        (self.name, self.savedAt, self.savedBy) = (name, savedAt, savedBy)
        (self.isAutomatic, self.backupOf) = (isAutomatic, backupOf)
        self.items = items.sorted { $0.topic < $1.topic }
    }
}

/// What is retained on one topic of a show.
public struct ShowItem: Hashable, Sendable {
    /// The topics that make up a show: `show/NAME/…`.
    public static let topicPrefix = "show/"
    /// In bytes; the contract's bound of a message.
    public static let mostPayloadBytes = 1024 * 1024

    /// Its author and quality of service are left out: another one publishes it when it is loaded.
    public let message: HubMessage

    public var topic: String { message.topic }
    public var payload: [UInt8] { message.payload }

    /// Returns `nil` for what is no state of the show: an event, a deletion, or something on another topic.
    public init?(_ message: HubMessage) {
        guard message.topic.hasPrefix(Self.topicPrefix), message.isRetained, !message.payload.isEmpty else {
            return nil
        }
        self.message = HubMessage(
            topic: message.topic, payload: message.payload, isRetained: true, expiry: message.expiry,
            properties: message.properties)
    }

    /// The state of the show in what a hub retains, by topic, in no order.
    public static func all(in retained: [String: Write], at now: Timestamp) -> [ShowItem] {
        retained.values.compactMap { ShowItem($0.message) }.filter { !$0.isExpired(at: now) }
    }

    /// The brokers drop it at a time of its own.
    public func isExpired(at now: Timestamp) -> Bool { message.expiry.map { $0 <= now } ?? false }
}
