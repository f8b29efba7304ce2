import FailoverCore

/// What a node can learn from outside its process.
enum Parcel {
    /// Over a control broker, from a server to the other one and to the witnesses.
    case heartbeat(Letter)
    /// Over a control broker, from a witness to the candidate.
    indirect case vote(Vote)
    /// The will of the other server, on this one's control broker.
    indirect case will(session: String)
    /// Over a hub broker, from a server to a client.
    case news(HubNews)
    /// Over a hub broker, from a client to the server.
    case presence(Presence)
    /// One of the node's own sessions changed.
    case session(SessionKey, SessionChange)
    indirect case recordSynced(Record)
    indirect case ballotSynced(Ballot)
    /// Of the show; without a session, what a process planned for itself.
    indirect case show(ShowParcel, SessionKey?)
    case stopRequested
}

/// A heartbeat that is under way to several nodes.
final class Letter {
    let heartbeat: ElectionHeartbeat
    init(_ heartbeat: ElectionHeartbeat) { self.heartbeat = heartbeat }
}

/// What a server retains on its hub broker: `hub/active`, and what clients read of `hub/pair`.
final class HubNews {
    let announcement: Follower.Announcement?
    let pair: Record
    init(announcement: Follower.Announcement?, pair: Record) {
        self.announcement = announcement
        self.pair = pair
    }
}

/// What a client retains on a hub broker: its status and links, as far as the choice of witnesses needs them.
struct Presence {
    var client: Node
    var isOnline: Bool
    var ballotBox: String
    var hubsUp: Int
    /// The highest that it obeys.
    var epoch: Epoch?
}

/// Which connection a parcel belongs to: what is late reaches no other run of a process than those that were connected.
struct Passage: Equatable {
    var ownerRun: Int32
    var serverRun: Int32
    /// Counts the connections of the session. Hub brokers keep the order of one connection; the election must also bear
    /// what comes late from an earlier one between the same runs.
    var connection: Int32
}
