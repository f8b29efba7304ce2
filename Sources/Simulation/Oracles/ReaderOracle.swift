import FailoverCore
import HubProtocol
import Replication

/// I4 and I5: a reader sees nothing twice, all that is confirmed while it reads, and each author's messages in order.
final class ReaderOracle {
    private struct Reader {
        var seen: Set<Int> = []
        /// Of each author with identities: the newest of its news, and the newest of each topic.
        var newest: [Publisher: UInt64] = [:]
        var newestOnTopic: [String: [Publisher: UInt64]] = [:]
        /// Of each other author, by the run of the hub that took it: the place of the newest.
        var newestPlace: [PlainAuthor: (place: Int, at: Instant)] = [:]
        var last: [String: Int] = [:]
        /// When its session with each hub began to read.
        var readsSince: [Instant?] = [nil, nil]
        /// Plain messages that it has read as state: their news may follow.
        var states: Set<Int> = []
        /// What arrived, and was not given to it.
        var dropped: Set<Int> = []
    }

    private struct PlainAuthor: Hashable {
        let author: Node
        let hub: Int
        let run: Int32
    }

    private(set) var violation: String?
    private var readers: [Reader?]

    init(clients: Int) { readers = Array(repeating: nil, count: clients) }

    func started(_ client: ClientMachine) { readers[client.node.index - 2] = Reader() }

    /// A program that has ended was promised nothing more.
    func ended(_ client: ClientMachine) { readers[client.node.index - 2] = nil }

    func reads(_ server: Node, _ client: ClientMachine, _ site: Site) {
        let index = client.node.index - 2
        readers[index]?.readsSince[server.index] = site.now
    }

    func arrived(
        _ message: BrokerMessage, _ record: ShowRecord, from server: Node, isTaken: Bool, at client: ClientMachine,
        _ site: Site
    ) {
        guard var reader = readers[client.node.index - 2] else { return }
        defer { readers[client.node.index - 2] = reader }
        let name = site.oracles.show.name(record.number)
        guard isTaken else {
            guard !message.isState, !reader.seen.contains(record.number),
                let since = reader.readsSince[server.index], record.publishedAt > since,
                // A new session with the other hub waits no longer for this one.
                site.now - record.publishedAt < .seconds(3)
            else { return }
            reader.dropped.insert(record.number)
            site.script.note(site.now, client.node, "DROPS \(name) from \(server), which it has not seen")
            return
        }
        site.script.note(
            site.now, client.node, "reads \(name) on \(record.topic) from \(server)\(message.isState ? ", state" : "")")
        site.tally.show.read += 1
        if message.isState, reader.seen.contains(record.number) { site.tally.show.turnedBack += 1 }
        // What a hub retains may turn back to it, when what came after it was lost or comes too late.
        let isTurnedBack = message.isState && reader.last[record.topic] != record.number
        let mayFollow =
            record.wasCopiedAnew || (record.identity == nil && reader.states.remove(record.number) != nil)
        if record.identity == nil, message.isState { reader.states.insert(record.number) }
        if !reader.seen.insert(record.number).inserted, !isTurnedBack, !mayFollow {
            say("I4: \(client.node) reads \(name) again")
        }
        reader.dropped.remove(record.number)
        reader.last[record.topic] = record.number
        if let identity = record.identity {
            checkOrder(identity, record, isNews: !message.isState, &reader, client)
        } else if !message.isState {
            // Over a failover the new hub's order wins.
            checkPlainOrder(record, &reader, client, name) { site.oracles.show.isPaired(since: $0, site) }
        }
    }

    private func checkOrder(
        _ identity: MessageIdentity, _ record: ShowRecord, isNews: Bool, _ reader: inout Reader, _ client: ClientMachine
    ) {
        let (publisher, sequence) = (identity.publisher, identity.sequence)
        if isNews, let before = reader.newest[publisher], before > sequence {
            say("I5: \(client.node) reads \(identity) after \(before)")
        }
        if isNews, let before = reader.newestOnTopic[record.topic]?[publisher], before > sequence {
            say("I5: \(client.node) reads \(identity) on \(record.topic) after \(before)")
        }
        if isNews { reader.newest[publisher] = max(reader.newest[publisher] ?? 0, sequence) }
        reader.newestOnTopic[record.topic, default: [:]][publisher] = sequence
    }

    /// As one hub took them. What it published on two hubs, nobody can put in order.
    private func checkPlainOrder(
        _ record: ShowRecord, _ reader: inout Reader, _ client: ClientMachine, _ name: String,
        isSteady: (Instant) -> Bool
    ) {
        for hub in 0...1 {
            guard let taken = record.takenAt[hub], !record.wasTakenAside, self.isSteady(record, reader) else {
                continue
            }
            let author = PlainAuthor(author: record.author, hub: hub, run: taken.run)
            if let before = reader.newestPlace[author], before.place > taken.place, isSteady(before.at) {
                say("I5: \(client.node) reads \(name) after what its author published later")
            }
            reader.newestPlace[author] = (taken.place, record.firstTaken ?? record.publishedAt)
        }
    }

    /// What was published before the youngest session began may come late, on the older one.
    private func isSteady(_ record: ShowRecord, _ reader: Reader) -> Bool {
        reader.readsSince.allSatisfy { $0.map { record.publishedAt > $0 } ?? true }
    }

    // MARK: - In the end

    /// Readers have the state of the hub that they follow.
    func problem(of site: Site, _ show: ShowOracle) -> String? {
        guard !show.hadTwoShows else { return nil }
        for client in site.clients {
            guard let program = client.program, let reader = readers[client.node.index - 2] else { continue }
            guard let hub = site.servers.first(where: { $0.name == program.follower.following }) else {
                return "the program on \(client.node) follows nobody"
            }
            site.tally.show.compared += hub.show.broker.retained.count
            for (topic, message) in hub.show.broker.retained {
                guard let index = show.index(of: message.message, message.identity) else { continue }
                if !reader.seen.contains(index + 1) {
                    return "\(client.node) has not read \(show.name(index + 1)), which is retained on \(topic)"
                }
                // Which of two hubs' messages came later, no reader can tell; nor that a hub lost one and got it again, over
                // one that came meanwhile.
                let retained = show.records[index]
                if let last = reader.last[topic], last != index + 1, !show.records[last - 1].isExcused,
                    isSteady(show.records[last - 1], reader),
                    show.records[last - 1].wasTaken(where: retained), !retained.wasTakenAgain
                {
                    return
                        "\(client.node) read \(show.name(last)) last on \(topic), and \(show.name(index + 1)) is retained"
                }
            }
        }
        return nil
    }

    func judge(_ show: ShowOracle, _ site: Site) {
        for client in site.clients {
            guard let reader = readers[client.node.index - 2] else { continue }
            for number in reader.dropped.sorted() {
                let record = show.records[number - 1]
                guard record.confirmed != nil, !record.isExcused else { continue }
                // What only one hub had comes over the other one when the servers meet: too late for whom that one's session
                // was not open.
                guard record.isConfirmedByPair else { continue }
                // It has read something newer there.
                if record.isRetained, let last = reader.last[record.topic], show.records[last - 1].mayReplace(record) {
                    continue
                }
                say("I4: \(client.node) never reads \(show.name(number)), which reached it and was confirmed")
            }
        }
    }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}

extension ShowOracle {
    func started(_ client: ClientMachine) { readers.started(client) }
    func ended(_ client: ClientMachine) { readers.ended(client) }
    func reads(_ server: Node, _ client: ClientMachine, _ site: Site) { readers.reads(server, client, site) }

    func arrived(
        _ message: BrokerMessage, from server: Node, isTaken: Bool, at client: ClientMachine, _ site: Site
    ) {
        // The state of a hub may be a deletion that only its author's identity names.
        guard let index = index(of: message.message, message.identity) else { return }
        readers.arrived(message, records[index], from: server, isTaken: isTaken, at: client, site)
    }
}
