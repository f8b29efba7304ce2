import FailoverCore
import HubProtocol
import Replication
import Testing

/// Two replicators whose frames reach each other at once.
@Suite("Replicator")
struct ReplicatorTests {
    private static let names = [MachineName("main-1")!, MachineName("backup-1")!]
    private static let author = Publisher(machine: MachineName("cam-1")!, session: "run")!
    private var servers = names.map { Replicator(run: "\($0)", replica: Replica(me: $0), epoch: Epoch(5)) }

    /// - Returns: what else is to be done on each side.
    @discardableResult
    private mutating func exchange() -> [[Replicator.Directive]] {
        var done: [[Replicator.Directive]] = [[], []]
        var isQuiet = false
        while !isQuiet {
            isQuiet = true
            for side in 0...1 where servers[side].wantsFlush {
                for directive in servers[side].flush() + servers[side].confirmTaken() {
                    guard case .send(let frame) = directive else {
                        done[side].append(directive)
                        continue
                    }
                    isQuiet = false
                    done[1 - side] += servers[1 - side].handle(.frame(frame, from: Self.names[side]))
                }
            }
        }
        return done
    }

    private mutating func publish(_ sequence: UInt64, on side: Int, retain: Bool = false) {
        _ = servers[side].handle(
            .arrived(
                HubMessage(
                    topic: "a", payload: Array("\(sequence)".utf8), isRetained: retain,
                    identity: MessageIdentity(publisher: Self.author, sequence: sequence))))
    }

    @Test("I3: an author that asks the Backup just after Main has taken over again is copied from Main all the same")
    mutating func resumedTooLate() {
        for side in 0...1 { _ = servers[side].handle(.peerOpened(stream: UInt64(side + 1))) }
        exchange()
        _ = servers[1].handle(.standing(confirmsAlone: false, Epoch(5), isHolder: true))
        for side in 0...1 { _ = servers[side].handle(.standing(confirmsAlone: false, Epoch(6), isHolder: side == 0)) }
        // It has not heard of epoch 6 yet; then it has.
        _ = servers[1].handle(.resumes(Self.author, token: "1", in: Epoch(5)))
        _ = servers[0].handle(.resumes(Self.author, token: "2", in: Epoch(6)))
        publish(1, on: 0)
        let onBackup = exchange()[1]
        #expect(
            onBackup.contains {
                if case .publish(let write, isNews: true) = $0 { write.message.identity?.sequence == 1 } else { false }
            })
    }

    @Test("I3: an author that knows sooner than the Backup's server that its claim was granted writes in that epoch")
    mutating func early() {
        for side in 0...1 { _ = servers[side].handle(.peerOpened(stream: UInt64(side + 1))) }
        _ = servers[0].handle(.standing(confirmsAlone: false, Epoch(6), isHolder: true))
        // It has been active before, or was just started.
        _ = servers[1].handle(.standing(confirmsAlone: false, Epoch(6), isHolder: false))
        exchange()
        publish(1, on: 0, retain: true)
        exchange()
        let tooEarly = servers[1].handle(.resumes(Self.author, token: "1", in: Epoch(7)))
        #expect(tooEarly.isEmpty)
        let answers = servers[1].handle(.standing(confirmsAlone: false, Epoch(7), isHolder: true))
        #expect(answers.count == 1)
        publish(2, on: 1, retain: true)
        exchange()
        for server in servers { #expect(server.replica.retained["a"]?.message.identity?.sequence == 2) }
    }

    @Test("No author can claim an epoch that nobody has reached")
    mutating func tooFarAhead() {
        let answer = servers[0].handle(.resumes(Self.author, token: "1", in: Epoch(1 << 61)))
        #expect(answer.isEmpty)
        publish(1, on: 0, retain: true)
        #expect(servers[0].replica.retained["a"]!.stamp.epoch < Epoch(10))
    }

    @Test("I3: what comes from the other hub is confirmed when it is in the store, and not before")
    mutating func storedFirst() {
        for side in 0...1 { _ = servers[side].handle(.peerOpened(stream: UInt64(side + 1))) }
        exchange()
        publish(1, on: 0, retain: true)
        let onBackup = exchange()[1]
        let confirmations = onBackup.filter { if case .confirm = $0 { true } else { false } }
        #expect(confirmations.isEmpty)
        #expect(onBackup.contains(.sync([Self.author: 1], survivesPowerLoss: false)))
        let stored = servers[1].handle(.stored([Self.author: 1]))
        #expect(stored == [.confirm(Self.author, Confirmation(received: 1, replicated: 1))])
    }

    @Test("What an author does not wait for is confirmed a little later, for many messages at once")
    mutating func patient() {
        for side in 0...1 { _ = servers[side].handle(.peerOpened(stream: UInt64(side + 1))) }
        exchange()
        for sequence in UInt64(1)...3 {
            var message = HubMessage(topic: "a", payload: [1], isRetained: true, isPatient: true)
            message.identity = MessageIdentity(publisher: Self.author, sequence: sequence)
            _ = servers[0].handle(.arrived(message))
            for case .send(let frame) in servers[0].flush() {
                _ = servers[1].handle(.frame(frame, from: Self.names[0]))
            }
            let atOnce = servers[1].flush().contains { if case .sync = $0 { true } else { false } }
            #expect(!atOnce)
        }
        let later = servers[1].confirmTaken()
        #expect(later == [.sync([Self.author: 3], survivesPowerLoss: false)])
    }
}
