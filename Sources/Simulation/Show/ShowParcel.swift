import FailoverCore
import HubProtocol
import Replication

/// What the show's sessions carry, and what its processes wait for.
enum ShowParcel {
    // To a hub's broker.
    case publish(HubMessage)
    /// By the hub's own replicator.
    case copy(Write, isNews: Bool)
    case confirm(Publisher, Confirmation)
    case resume(Publisher, token: String, in: Epoch)
    case subscribe(Subscription)
    /// By the other server's replicator.
    case tell(Frame, from: MachineName)

    // From it.
    case arrived(HubMessage)
    case answered(Write)
    case resumes(Publisher, token: String, in: Epoch)
    case heard(Frame, from: MachineName)
    case delivered(BrokerMessage)
    case confirmed(Publisher, Confirmation)
    case news(HubNews)
    case subscribed(Subscription)

    // A process's own timers and writes.
    case flush
    case confirmTaken
    case secondPassed
    case gathered
    case written([Publisher: UInt64])
    case askAgain(token: String)
    case alignmentIsOver(marker: String)
    case giveUp(UInt64)

    /// Once of each session: what the hub says of the site; then, perhaps again and again, the show.
    enum Subscription {
        case site, show
    }

    var isForBroker: Bool {
        switch self {
        case .publish, .copy, .confirm, .resume, .subscribe, .tell: true
        default: false
        }
    }
}

/// A message with what a copy bears beside it.
struct BrokerMessage {
    var message: HubMessage
    /// Also that which a copy was given.
    var identity: MessageIdentity?
    var origin: MachineName?
    /// Retained, or filled in: no news.
    var isState = false
}

extension BrokerMessage {
    init(_ write: Write, isNews: Bool) {
        self.init(message: write.message, identity: write.identity, origin: write.stamp.origin, isState: !isNews)
    }

    var item: Inbox.Item {
        Inbox.Item(
            topic: message.topic, hash: message.payload.hashValue, identity: identity, origin: origin, isState: isState)
    }
}
