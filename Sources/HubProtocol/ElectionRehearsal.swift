import FailoverCore
import Foundation

/// What a vote reads and writes, once beforehand: the first use of a type in a process takes several times as long as all later
/// ones.
public enum ElectionRehearsal {
    public static let once: Void = {
        let asking =
            #"{"claim":{"epoch":2,"evidence":"","from":1,"purpose":"takeOver","reason":"mainLost","silenceMs":1.5},"isActive":false,"isLeaving":false,"role":"backup","sender":{"address":"","controlPort":1,"name":"a","port":1},"sentAt":1,"session":""}"#
        let heartbeat = try? ElectionHeartbeat(decoding: Array(asking.utf8))
        _ = heartbeat?.encoded
        let given = #"{"candidate":"a","from":1,"goneSession":"","witness":{"ballotBox":"","name":"a"}}"#
        let vote = try? Vote(decoding: Array(given.utf8))
        _ = vote?.encoded
        // A ballot is a part of a vote.
        let ballot = try? JSONDecoder().decode(Ballot.self, from: Data(given.utf8))
        _ = ballot.map { try? JSONEncoder().encode($0) }
        assert(heartbeat != nil && vote != nil && ballot != nil, "not as the election's messages are written")
    }()
}
