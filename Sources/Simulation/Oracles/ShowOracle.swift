import FailoverCore
import HubProtocol
import Replication

/// I3: a publish that was confirmed as replicated is in the final state of both hubs, unless a later one replaced it; and
/// I6 for the show: both hubs end with the same.
final class ShowOracle {
    private(set) var violation: String?
    private(set) var records: [ShowRecord] = []
    private var numbers: [MessageIdentity: Int] = [:]
    private var places = 0
    let readers: ReaderOracle

    /// When a hub last acted without a standby, or nobody knew who acts.
    private var lastUnpaired = Instant.start
    private var wasPaired = false
    /// Two hubs acted at once, or a show was lost: readers who saw the other one's later state keep it.
    private(set) var hadTwoShows = false
    /// When each server's process ended last, and when it lost its power.
    private var endedAt: [Instant?] = [nil, nil]
    private var lostPowerAt: [Instant?] = [nil, nil]

    /// What both hubs have is written for the end of a process, and reaches the disk a little later: after a second, and as
    /// long as a bad disk takes. Two servers that lose their power within that time may lose it.
    private static let unwritten = Span.seconds(3)

    init(clients: Int) { readers = ReaderOracle(clients: clients) }

    var found: String? { violation ?? readers.violation }

    // MARK: - What happens

    var nextNumber: Int { records.count + 1 }

    func published(_ message: HubMessage, by client: ClientMachine, _ site: Site) {
        let record = ShowRecord(
            number: nextNumber, identity: message.identity, author: client.node, topic: message.topic,
            isRetained: message.isRetained, isDeletion: message.isDeletion, publishedAt: site.now)
        records.append(record)
        if let identity = message.identity { numbers[identity] = record.number }
        site.tally.show.published += 1
    }

    /// From its author, by a hub's broker.
    func taken(_ message: HubMessage, at server: ServerMachine, _ site: Site) {
        guard let index = index(of: message, message.identity) else { return }
        records[index].firstTaken = records[index].firstTaken ?? site.now
        records[index].lastTaken = site.now
        if server.core?.isActive != true { records[index].wasTakenAside = true }
        places += 1
        if let before = records[index].takenAt[server.node.index], before.run != server.run {
            records[index].wasTakenAgain = true
        }
        records[index].takenAt[server.node.index] = (server.run, places)
    }

    /// By the replicator of the hub that took it.
    func stamped(_ message: HubMessage, by server: ServerMachine) {
        guard let index = index(of: message, message.identity) else { return }
        let epoch = server.core?.record?.epoch ?? Epoch(0)
        let before = records[index].epochs
        records[index].epochs = (min(before?.lowest ?? epoch, epoch), max(before?.highest ?? epoch, epoch))
    }

    /// To all readers of a hub.
    func spread(_ message: BrokerMessage, at server: ServerMachine, _ site: Site) {
        guard let index = index(of: message.message, message.identity) else { return }
        if records[index].reachedAt[server.node.index] == nil { records[index].reachedAt[server.node.index] = site.now }
        guard !message.isState else { return }
        if records[index].identity == nil, let before = records[index].newsAt[server.node.index], before != server.run {
            records[index].wasCopiedAnew = true
        }
        records[index].newsAt[server.node.index] = server.run
    }

    /// Its author was told.
    func confirmed(_ identity: MessageIdentity, by server: Node, _ site: Site) {
        guard let index = numbers[identity].map({ $0 - 1 }) else { return }
        guard let taken = records[index].firstTaken else {
            return say("I3: \(server) confirms \(name(index + 1)), which no hub has taken")
        }
        records[index].confirmed = site.now
        records[index].isConfirmedByPair = isPaired(since: taken, site)
        records[index].isExcused = records[index].isExcused || site.oracles.hubs.isSplit
        site.tally.show.confirmed += 1
        if records[index].isConfirmedByPair { site.tally.show.confirmedByPair += 1 }
        site.script.note(
            site.now, server, "CONFIRMS \(name(index + 1))\(records[index].isConfirmedByPair ? " as a pair" : "")")
        planCheckOfNews(index, site)
    }

    /// The pair stood from then until now.
    func isPaired(since instant: Instant, _ site: Site) -> Bool {
        observe(site)
        return lastUnpaired < instant
    }

    /// After every event of a server's coordinator.
    func observe(_ site: Site) {
        hadTwoShows = hadTwoShows || site.oracles.hubs.isSplit
        let acting = site.servers.filter { $0.core?.isActive == true }
        let isPaired = acting.count == 1 && acting[0].core?.record?.mode == .paired
        if !isPaired || !wasPaired { lastUnpaired = site.now }
        wasPaired = isPaired
    }

    func ended(_ server: ServerMachine, _ site: Site) {
        lastUnpaired = site.now
        endedAt[server.node.index] = site.now
        if !server.isPowered { lostPowerAt[server.node.index] = site.now }
        // What was confirmed is in the store of one of them, or on its way to the disk.
        excuseLost(site) { record in
            self.endedAt.allSatisfy { $0.map { $0 >= record.publishedAt } ?? false }
                && self.lostPowerAt.contains { $0.map { $0 >= record.publishedAt } ?? false }
                && (self.hadTwoShows || site.now - (record.lastTaken ?? site.now) < Self.unwritten)
        }
    }

    /// What only this one had is gone; as the standby of a pair it had nothing alone.
    func lostStore(_ server: ServerMachine, record: Record?, _ site: Site) {
        let other = site.server(server.node.other)
        let isPaired = record?.mode == .paired && record == other.disk.content && other.isRunning
        if !isPaired {
            hadTwoShows = true
            excuseLost(site, heldBy: [other]) { _ in true }
        }
    }

    /// Nothing is promised of what nobody holds any more, after a loss that nothing is promised for.
    private func excuseLost(
        _ site: Site, heldBy holders: [ServerMachine]? = nil, where isPromiseless: (ShowRecord) -> Bool
    ) {
        for index in records.indices where records[index].isRetained && !records[index].isExcused {
            let record = records[index]
            guard record.firstTaken != nil, isPromiseless(record) else { continue }
            let isHeld = (holders ?? site.servers).contains { server in
                let onDisk = server.show.store.content.retained[record.topic]
                let onHub = server.show.broker.retained[record.topic]
                return holds(onDisk?.message, onDisk?.identity, record)
                    || holds(onHub?.message, onHub?.identity, record)
                    || (record.isDeletion && server.isRunning && onHub == nil)
            }
            guard !isHeld else { continue }
            records[index].isExcused = true
            if record.confirmed != nil { site.tally.show.excused += 1 }
            site.script.note(site.now, "LOST with both servers: \(name(index + 1)) on \(record.topic)")
        }
    }

    private func holds(_ message: HubMessage?, _ identity: MessageIdentity?, _ record: ShowRecord) -> Bool {
        guard let message, let index = index(of: message, identity) else { return false }
        return records[index].mayReplace(record)
    }

    // MARK: - What must hold

    /// A pair confirms what both hubs give to their readers, at once and for as long as they live.
    private func planCheckOfNews(_ index: Int, _ site: Site) {
        guard records[index].isConfirmedByPair, !records[index].isRetained, !records[index].isExcused else { return }
        let runs = site.servers.map(\.run)
        site.after(.seconds(1)) { [weak self] site in
            guard let self else { return }
            site.tally.show.given += 1
            for (server, run) in zip(site.servers, runs)
            where server.run == run && server.isRunning && self.records[index].newsAt[server.node.index] == nil {
                let name = self.name(index + 1)
                self.say("I4: the pair has confirmed \(name), and the hub of \(server.node) gives it to nobody")
            }
        }
    }

    /// What is amiss when nothing happens any more; `nil` when both hubs hold the same, and all of it is safe.
    func problem(of site: Site) -> String? {
        for client in site.clients {
            guard let program = client.program else { continue }
            if let waiting = program.waiting.min() {
                return "\(client.node) still waits for \(program.publisher)/\(waiting)"
            }
        }
        guard let record = site.server(.main).core?.record else { return "Main is down" }
        let needed = record.mode == .single ? [site.server(.main)] : site.servers
        for server in needed {
            if record.mode != .single, server.show.replicator?.status.isInSync != true {
                return "\(server.node) is not in sync"
            }
            let stored = server.show.store.content.retained.values.filter { !$0.isTombstone }
            let onDisk = Set(stored.map { name($0.message, $0.identity) })
            let onHub = Set(server.show.broker.retained.values.map { name($0.message, $0.identity) })
            if onDisk != onHub {
                return "\(server.node) has \(onHub.sorted()) on its hub and \(onDisk.sorted()) on disk"
            }
        }
        for topic in Set(needed.flatMap { $0.show.broker.retained.keys }).sorted() {
            let kept = needed.map { $0.show.broker.retained[topic].map { name($0.message, $0.identity) } ?? "nothing" }
            if Set(kept).count > 1 { return "Main has \(kept[0]) on \(topic), and the Backup \(kept[1])" }
        }
        return readers.problem(of: site, self)
    }

    /// I3, when nothing happens any more.
    func judge(_ site: Site) {
        guard let record = site.server(.main).core?.record else { return }
        let server = record.holder == site.server(.main).name ? site.server(.main) : site.server(.backup)
        for promised in records where promised.confirmed != nil && promised.isRetained && !promised.isExcused {
            site.tally.show.kept += 1
            let kept = server.show.broker.retained[promised.topic].flatMap { index(of: $0.message, $0.identity) }
            if let kept {
                if !records[kept].mayReplace(promised) {
                    say("I3: \(name(promised.number)) was confirmed, and the hubs end with \(name(kept + 1)) of before")
                }
                continue
            }
            let isDeleted = records.contains {
                $0.isDeletion && $0.topic == promised.topic && $0.mayReplace(promised)
            }
            if !isDeleted { say("I3: \(name(promised.number)) was confirmed, and the hubs end without it") }
        }
        readers.judge(self, site)
    }

    // MARK: - Names

    func index(of message: HubMessage, _ identity: MessageIdentity?) -> Int? {
        if let identity, let number = numbers[identity] { return number - 1 }
        // A copy bears an identity that its author does not know.
        let text = message.payload.prefix { $0 != UInt8(ascii: " ") }
        guard let number = Int(String(decoding: text, as: UTF8.self)), records.indices.contains(number - 1) else {
            return nil
        }
        return number - 1
    }

    func text(_ message: HubMessage, _ identity: MessageIdentity?) -> String {
        name(message, identity) + (message.isDeletion ? ", a deletion," : "")
    }

    private func name(_ message: HubMessage, _ identity: MessageIdentity?) -> String {
        index(of: message, identity).map { name($0 + 1) } ?? "something"
    }

    func name(_ number: Int) -> String {
        "\(number)" + (records[number - 1].identity.map { " (\($0))" } ?? " (of \(records[number - 1].author), plain)")
    }

    private func say(_ sentence: String) { violation = violation ?? sentence }
}
