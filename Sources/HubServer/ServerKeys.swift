import FailoverCore
import Foundation
import HubProtocol
import Keys
import LocalState
import Logging
import MQTTSession

/// This server's key, and whose keys do not count any more. The brokers know both from files in their own folder.
@SessionLoop
final class ServerKeys {
    /// What came of a revocation that somebody gave to this server.
    enum Outcome: Sendable {
        /// It is on this server's disk, and in force.
        case remembered
        /// It was not signed by the authority of this site.
        case notOfThisSite
        case tooMany
        case failed(LocalStateError)
    }

    /// The key was renewed, or another one was revoked.
    var onNews: @SessionLoop () -> Void = {}
    /// Whether a revocation waits a little before this machine's sessions are ended, for what it still has to do.
    var mayFinish: @SessionLoop (MachineName) -> Bool = { _ in false }

    /// Gets what is in force; see `follow`.
    private var follower: @SessionLoop (MachineKey, [Revocation]) -> Void = { _, _ in }

    private(set) var key: MachineKey
    /// The newest one of each machine.
    private(set) var revocations: [MachineName: Revocation] = [:]
    nonisolated let credentials: TLSCredentials

    private let files: KeyFiles
    private let log: Logger
    private let look = LoopTimer()
    private let finishing = LoopTimer()
    /// Revoked machines that still have something to do: the brokers do not know of them yet.
    private var unfinished: Set<MachineName> = []
    private var isLooking = false
    private var complaint: String?
    private var lastTurn: Task<Void, Never>?
    private var told: [MachineName: Timestamp] = [:]
    private var brokers: [Broker] = []

    private static let interval = Duration.seconds(5)
    private static let timeToFinish = Duration.seconds(5)
    /// More would not fit into a payload.
    private static let mostRevocations = 250

    private init(_ key: MachineKey, files: KeyFiles, revocations: [Revocation], log: Logger) {
        (self.key, self.files, self.log) = (key, files, log)
        credentials = TLSCredentials(path: files.source)
        for revocation in revocations { self.revocations[revocation.machine] = revocation }
    }

    /// Writes what the brokers need.
    ///
    /// - Returns: `nil` for a server without a key.
    /// - Throws: `KeyError`, `LocalStateError`; `ServerError.keyRevoked` when this server's own key is revoked.
    nonisolated static func open(
        _ options: ServerOptions, in folder: DataFolder, log: Logger
    ) async throws -> ServerKeys? {
        guard let path = options.keys else { return nil }
        let key = try MachineKey(path: path)
        try key.checkHolder(options.name, source: path)
        try key.checkRole(.server, source: path)
        let files = KeyFiles(source: path, folder: folder)
        var known: [Revocation] = []
        for token in try files.store.read() ?? [] {
            // Of another site that this server belonged to.
            if let revocation = await key.verifies(token) { known.append(revocation) }
        }
        if known.contains(where: key.isRevoked) { throw ServerError.keyRevoked(name: key.name) }
        try files.prepare()
        try files.writeKey(key)
        try files.writeList(known)
        return await ServerKeys(key, files: files, revocations: known, log: log)
    }

    /// - Parameter brokers: are told of what is new.
    func start(_ brokers: [Broker]) {
        self.brokers = brokers
        lookForNewKey()
    }

    func stop() { for timer in [look, finishing] { timer.cancel() } }

    /// - Parameter follower: told what is in force, now and after each change.
    func follow(_ follower: @escaping @SessionLoop (MachineKey, [Revocation]) -> Void) {
        self.follower = follower
        tell()
    }

    private func tell() { follower(key, Array(revocations.values)) }

    var tokens: [String] { revocations.values.map(\.token).sorted() }

    /// Whether one of these ends soon, or this server's own; says so once in the log.
    ///
    /// - Parameter expiries: as the machines say themselves.
    func areEnding(_ expiries: [MachineName: Timestamp], at now: Timestamp) -> Bool {
        let all = expiries.merging([key.name: key.expires]) { $1 }
        let ending = all.filter {
            $0.value.millisecondsSince1970 - now.millisecondsSince1970 <= MachineKey.noticeBeforeEnd
        }
        for (name, expiry) in ending where told.updateValue(expiry, forKey: name) != expiry {
            log.warning("the key of \(name) ends on \(expiry.text). Renew it: understudy keys renew")
        }
        return !ending.isEmpty
    }

    // MARK: - Revoking

    func add(_ token: String) async -> Outcome { await inTurn { await self.take(token) } }

    /// One after the other, since each waits for the disk and writes the same files.
    private func inTurn<Result: Sendable>(_ work: @escaping @SessionLoop () async -> Result) async -> Result {
        let before = lastTurn
        let turn = Task { @SessionLoop in
            await before?.value
            return await work()
        }
        lastTurn = Task { _ = await turn.value }
        return await turn.value
    }

    private func take(_ token: String) async -> Outcome {
        guard let revocation = await key.verifies(token) else { return .notOfThisSite }
        if let known = revocations[revocation.machine], known.until >= revocation.until { return .remembered }
        guard revocations.count < Self.mostRevocations || revocations[revocation.machine] != nil else {
            return .tooMany
        }
        var changed = revocations
        changed[revocation.machine] = revocation
        if mayFinish(revocation.machine) {
            unfinished.insert(revocation.machine)
            finishing.schedule(after: Self.timeToFinish) { [weak self] in self?.finish() }
        }
        let (files, list, held) = (files, Array(changed.values), unfinished)
        // Off the session loop: it waits for the disk.
        let failure = await Task.detached { () -> LocalStateError? in
            do throws(LocalStateError) {
                try files.store.write(list.map(\.token).sorted())
                try files.writeList(list.filter { !held.contains($0.machine) })
                return nil
            } catch { return error }
        }.value
        if let failure { return .failed(failure) }
        revocations[revocation.machine] = revocation
        log.warning("the keys of \(revocation.machine) that were issued until \(revocation.until.text) are revoked")
        enforce()
        onNews()
        tell()
        return .remembered
    }

    /// Their time is over. A list that cannot be written now is tried again.
    private func finish() {
        Task { @SessionLoop in
            await self.inTurn {
                self.unfinished = []
                let (files, list) = (self.files, Array(self.revocations.values))
                let failure = await Task.detached { () -> LocalStateError? in
                    do throws(LocalStateError) { try files.writeList(list) } catch { return error }
                    return nil
                }.value
                guard let failure else { return self.enforce() }
                self.log.error("\(failure)")
                self.finishing.schedule(after: Self.timeToFinish) { [weak self] in self?.finish() }
            }
        }
    }

    private func enforce() { for broker in brokers { broker.readAgain() } }

    /// Whether this server itself must not take part any more.
    var isOwnRevoked: Bool { revocations.values.contains(where: key.isRevoked) }

    // MARK: - Renewing

    private func lookForNewKey() {
        look.schedule(after: Self.interval) { [weak self] in
            guard let self else { return }
            self.lookForNewKey()
            guard !self.isLooking else { return }
            self.isLooking = true
            let (files, present) = (self.files, self.key)
            Task.detached {
                let found = files.newKey(than: present)
                await self.took(found)
            }
        }
    }

    private func took(_ found: KeyFiles.Finding) {
        isLooking = false
        switch found {
        case .same: break
        case .unusable(let cause):
            if cause != complaint { log.error("\(cause) The key that is in use stays.") }
            complaint = cause
        case .new(let key):
            self.key = key
            complaint = nil
            log.info("the key of \(key.name) was renewed, until \(key.expires.text)")
            enforce()
            onNews()
            tell()
        }
    }
}

/// Where this server's key lies, and what the brokers read of it.
struct KeyFiles: Sendable {
    /// As the operator named it.
    let source: String
    let store: DurableFile<[String]>
    private let run: String

    static let key = "key.pem"
    static let revocations = "revocations"

    enum Finding: Sendable {
        case same
        case new(MachineKey)
        case unusable(String)
    }

    init(source: String, folder: DataFolder) {
        self.source = source
        store = DurableFile(path: folder.file("revocations.json"))
        run = folder.file("run")
    }

    func prepare() throws(LocalStateError) {
        do {
            try FileManager.default.createDirectory(
                atPath: run, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw .unwritable(path: run, cause: error.localizedDescription)
        }
    }

    func writeKey(_ key: MachineKey) throws(LocalStateError) { try write(key.pem, to: Self.key) }

    /// See `Sources/BrokerAccess/revocations.h`.
    func writeList(_ list: [Revocation]) throws(LocalStateError) {
        try write(
            list.map { "\($0.machine) \($0.until.millisecondsSince1970)\n" }.joined(), to: Self.revocations)
    }

    private func write(_ text: String, to name: String) throws(LocalStateError) {
        let (path, temporary) = ("\(run)/\(name)", "\(run)/\(name).new")
        guard
            FileManager.default.createFile(
                atPath: temporary, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]),
            rename(temporary, path) == 0
        else { throw .unwritable(path: path, cause: String(cString: strerror(errno))) }
    }

    /// Reads the file anew, and gives the brokers what is new.
    func newKey(than present: MachineKey) -> Finding {
        do {
            let found = try MachineKey(path: source)
            guard found.pem != present.pem else { return .same }
            try found.checkHolder(present.name, source: source)
            try found.checkRole(.server, source: source)
            guard found.authority == present.authority else {
                return .unusable("\(source) is a key of another site now. Restart this server for that.")
            }
            try writeKey(found)
            return .new(found)
        } catch {
            return .unusable("\(error)")
        }
    }
}
