import FailoverCore
import HubProtocol
import MQTTSession
import Replication

extension HubMessage {
    /// As a client published it on the own hub. What only copies bear is not believed.
    init(_ message: Message, at now: Timestamp) {
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
            case MessageProperty.origin, MessageProperty.snapshot: break
            default: properties.user.append(.init(name: pair.name, value: pair.value))
            }
        }
        if properties != Properties() { self.properties = properties }
    }
}

extension Write {
    /// A message whose author knows no identities gets one from its stamp, so that readers of both hubs see it once.
    var identity: MessageIdentity? {
        if let identity = message.identity { return identity }
        let publisher = Publisher(machine: stamp.origin, session: "epoch-\(stamp.epoch)")
        return publisher.map { MessageIdentity(publisher: $0, sequence: stamp.counter) }
    }

    /// As the own hub gets it.
    ///
    /// - Parameter isNews: readers have not seen it; it is not only put right, or filled in.
    /// - Returns: `nil` when it has expired meanwhile.
    func publication(isNews: Bool, at now: Timestamp) -> Publication? {
        var publication = Publication(
            topic: message.topic, payload: message.payload,
            quality: message.isConfirmed ? .atLeastOnce : .atMostOnce, retain: message.isRetained)
        if let expiry = message.expiry {
            let left = expiry.millisecondsSince1970 - now.millisecondsSince1970
            guard left > 0 else { return nil }
            publication.expirySeconds = UInt32(clamping: (left + 999) / 1000)
        }
        if let properties = message.properties {
            publication.contentType = properties.contentType
            publication.isText = properties.isText
            publication.responseTopic = properties.responseTopic
            publication.correlationData = properties.correlationData
            publication.userProperties = properties.user.map { UserProperty(name: $0.name, value: $0.value) }
        }
        let marks = [
            (MessageProperty.identity, identity?.description), (MessageProperty.origin, stamp.origin.description),
            (MessageProperty.snapshot, isNews ? nil : "yes"),
        ]
        for case (let name, let value?) in marks { publication.userProperties.append(.init(name: name, value: value)) }
        return publication
    }
}

extension HubConflicts.Conflict {
    init(_ conflict: Replica.Conflict, at now: UTCTime) {
        self.init(
            topic: conflict.kept.message.topic, kept: .init(conflict.kept), dropped: .init(conflict.dropped), at: now)
    }
}

extension HubConflicts.Side {
    fileprivate init(_ write: Write) {
        self.init(
            hub: write.stamp.origin, epoch: write.stamp.epoch, machine: write.message.identity?.publisher.machine,
            payload: write.message.payload)
    }
}
