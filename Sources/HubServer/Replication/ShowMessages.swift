import FailoverCore
import HubClient
import HubProtocol
import MQTTSession
import Replication

extension Write {
    /// As the own hub gets it.
    ///
    /// - Parameter isNews: readers have not seen it; it is not only put right, or filled in.
    /// - Returns: `nil` when it has expired meanwhile.
    func publication(isNews: Bool, at now: Timestamp) -> Publication? {
        var publication = message.publication
        if let expiry = message.expiry {
            let left = expiry.millisecondsSince1970 - now.millisecondsSince1970
            guard left > 0 else { return nil }
            publication.expirySeconds = UInt32(clamping: (left + 999) / 1000)
        }
        let marks = [
            (MessageProperty.identity, message.identity == nil ? identity?.description : nil),
            (MessageProperty.origin, stamp.origin.description),
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
