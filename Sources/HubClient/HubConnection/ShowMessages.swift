import FailoverCore
import HubProtocol
import MQTTSession
import Replication

extension HubMessage {
    /// As a client published it on the own hub. What only copies bear is not believed.
    public init(_ message: Message, at now: Timestamp) {
        let expiry = message.expirySeconds.map {
            Timestamp(millisecondsSince1970: now.millisecondsSince1970 + Int64($0) * 1000)
        }
        self.init(
            topic: message.topic, payload: message.payload, isRetained: message.isRetained,
            isConfirmed: message.quality != .atMostOnce, expiry: expiry)
        var properties = Properties()
        properties.contentType = message.contentType
        properties.isText = message.isText
        properties.responseTopic = message.responseTopic
        properties.correlationData = message.correlationData
        for pair in message.userProperties {
            switch pair.name {
            case MessageProperty.identity: identity = MessageIdentity(pair.value)
            case MessageProperty.confirm: isPatient = pair.value == "hub"
            case MessageProperty.origin, MessageProperty.snapshot: break
            default: properties.user.append(.init(name: pair.name, value: pair.value))
            }
        }
        if properties != Properties() { self.properties = properties }
    }

    /// Without its expiry.
    public var publication: Publication {
        var publication = Publication(
            topic: topic, payload: payload, quality: isConfirmed ? .atLeastOnce : .atMostOnce, retain: isRetained)
        if let properties {
            publication.contentType = properties.contentType
            publication.isText = properties.isText
            publication.responseTopic = properties.responseTopic
            publication.correlationData = properties.correlationData
            publication.userProperties = properties.user.map {
                MQTTSession.UserProperty(name: $0.name, value: $0.value)
            }
        }
        if isPatient { publication.userProperties.append(.init(name: MessageProperty.confirm, value: "hub")) }
        if let identity {
            publication.userProperties.append(.init(name: MessageProperty.identity, value: identity.description))
        }
        return publication
    }
}

extension Inbox.Item {
    init(_ message: Message) {
        let property = { (name: String) in message.userProperties.first { $0.name == name }?.value }
        self.init(
            topic: message.topic, hash: message.payload.hashValue,
            identity: property(MessageProperty.identity).flatMap(MessageIdentity.init),
            origin: property(MessageProperty.origin).flatMap(MachineName.init),
            isState: message.isRetained || property(MessageProperty.snapshot) != nil)
    }
}
