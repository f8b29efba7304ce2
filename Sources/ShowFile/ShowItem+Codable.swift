import FailoverCore
import Foundation
import HubProtocol
import Replication

extension ShowItem: Codable {
    private enum Key: String, CodingKey {
        case topic, payload, base64, contentType, isText, responseTopic, correlationData, userProperties, expiresAt
    }

    private struct Pair: Codable {
        var name: String
        var value: String
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(topic, forKey: .topic)
        if let text = String(validating: payload, as: UTF8.self) {
            try container.encode(text, forKey: .payload)
        } else {
            try container.encode(payload.base64, forKey: .base64)
        }
        try container.encodeIfPresent(message.expiry.map { UTCTime($0) }, forKey: .expiresAt)
        guard let properties = message.properties else { return }
        try container.encodeIfPresent(properties.contentType, forKey: .contentType)
        if properties.isText { try container.encode(true, forKey: .isText) }
        try container.encodeIfPresent(properties.responseTopic, forKey: .responseTopic)
        try container.encodeIfPresent(properties.correlationData?.base64, forKey: .correlationData)
        if !properties.user.isEmpty {
            try container.encode(
                properties.user.map { Pair(name: $0.name, value: $0.value) }, forKey: .userProperties)
        }
    }

    /// A file may have been made by another program, or by hand.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let topic = try container.decode(String.self, forKey: .topic)
        guard Self.isTopic(topic) else { throw Self.malformed(container, .topic, "\(topic) is no topic of a show") }
        let payload: [UInt8]
        if let text = try container.decodeIfPresent(String.self, forKey: .payload) {
            payload = Array(text.utf8)
        } else {
            payload = try Self.base64(container, .base64) ?? []
        }
        guard (1...Self.mostPayloadBytes).contains(payload.count) else {
            throw Self.malformed(
                container, .payload, "\(payload.count) bytes, and it must have 1 to \(Self.mostPayloadBytes)")
        }
        var properties = HubMessage.Properties()
        properties.contentType = try container.decodeIfPresent(String.self, forKey: .contentType)
        properties.isText = try container.decodeIfPresent(Bool.self, forKey: .isText) ?? false
        properties.responseTopic = try container.decodeIfPresent(String.self, forKey: .responseTopic)
        properties.correlationData = try Self.base64(container, .correlationData)
        for pair in try container.decodeIfPresent([Pair].self, forKey: .userProperties) ?? [] {
            guard !pair.name.hasPrefix("understudy-") else {
                throw Self.malformed(container, .userProperties, "\(pair.name) is a name of Understudy's own")
            }
            properties.user.append(.init(name: pair.name, value: pair.value))
        }
        // What MQTT can carry: the length of each is told in two bytes.
        let texts =
            [properties.contentType, properties.responseTopic].compactMap { $0 }
            + properties.user.flatMap { [$0.name, $0.value] }
        guard (properties.correlationData?.count ?? 0) <= Self.mostPropertyBytes,
            texts.allSatisfy({ $0.utf8.count <= Self.mostPropertyBytes && !$0.utf8.contains(0) })
        else {
            throw Self.malformed(
                container, .userProperties, "a property has more than \(Self.mostPropertyBytes) bytes, or a zero")
        }
        guard properties.responseTopic?.contains(where: { "+#".contains($0) }) != true else {
            throw Self.malformed(container, .responseTopic, "a topic to answer on has no wildcards")
        }
        message = HubMessage(
            topic: topic, payload: payload, isRetained: true,
            expiry: try container.decodeIfPresent(UTCTime.self, forKey: .expiresAt)?.timestamp,
            properties: properties == HubMessage.Properties() ? nil : properties)
    }

    /// Of each property.
    private static let mostPropertyBytes = 65_535

    private static func isTopic(_ topic: String) -> Bool {
        topic.hasPrefix(topicPrefix) && topic.utf8.count <= 65_535
            && !topic.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    }

    private static func base64(_ container: KeyedDecodingContainer<Key>, _ key: Key) throws -> [UInt8]? {
        guard let text = try container.decodeIfPresent(String.self, forKey: key) else { return nil }
        guard let data = Data(base64Encoded: text) else { throw malformed(container, key, "not base64") }
        return Array(data)
    }

    private static func malformed(
        _ container: KeyedDecodingContainer<Key>, _ key: Key, _ cause: String
    ) -> DecodingError {
        .dataCorruptedError(forKey: key, in: container, debugDescription: cause)
    }
}
