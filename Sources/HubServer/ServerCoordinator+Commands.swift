import FailoverCore
import HubProtocol
import License
import MQTTSession

/// What users ask for, with what the core does not know: the machines, the licences, and how another server is reached.
extension ServerCoordinator {
    func carryOut(_ wish: CommandDesk.Wish, of user: MachineName) {
        switch wish {
        case .order(let order, let isForced):
            if !isForced, let objection = objection(to: order) { return desk.answered(objection) }
            handle(.ordered(order, by: user))
        case .removeBackup(let epoch):
            // Only the active server's word on its epoch counts.
            if coordinator.isActive, let epoch, let present = coordinator.record?.epoch, epoch != present {
                return desk.answered(
                    .refused(
                        .stale,
                        "the site has moved on to epoch \(present) since \(epoch), which you saw, and removing the Backup may mean something else now. Look at the site, then try again."
                    ))
            }
            handle(.ordered(.removeBackup, by: user))
        case .addBackup(let command): Task { @SessionLoop in await add(command, by: user) }
        case .join(let command): Task { @SessionLoop in await join(command, by: user) }
        case .saveShow(let name): Task { @SessionLoop in await saveShow(name, by: user) }
        case .loadShow(let name): Task { @SessionLoop in await loadShow(name, by: user) }
        }
    }

    func answered(_ answer: Order.Answer) {
        var response = CommandResponse(answer)
        if let candidate {
            if answer == .refused(.unreachable(candidate.server.name)) {
                response = .refused(
                    .unreachable,
                    "\(candidate.server.name) agreed to join, and was not heard after that. It must be able to reach this server at \(identity.address.address), ports \(identity.address.port) and \(identity.address.controlPort): see --advertise."
                )
            }
            self.candidate = nil
            publish()
        }
        desk.answered(response)
    }

    /// Clients that do not reach the other hub would be left behind by a switchover.
    private func objection(to order: Order) -> CommandResponse? {
        guard case .switchOver(let target) = order, target != options.name, target == peerName else { return nil }
        machines.read()
        let left = machines.clientsWithout(target).sorted()
        guard !left.isEmpty else { return nil }
        let names = left.prefix(5).map(\.description).joined(separator: ", ") + (left.count > 5 ? ", …" : "")
        return .refused(
            .notSafe,
            "\(left.count == 1 ? "one client does" : "\(left.count) clients do") not reach the hub of \(target) (\(names)), and "
                + "would be left without one. Mend their network, or force it.")
    }

    // MARK: - A Backup is added

    private func add(_ command: BackupAddCommand, by user: MachineName) async {
        // The name is found out only there; what speaks against any Backup is said before that.
        if let objection = objectionToAny { return desk.answered(objection) }
        let admission = BackupAdmission(own: identity, licenses: licenses, credentials: keys?.credentials)
        do throws(CommandResponse) {
            let found = try await admission.find(command) { server in
                machines.read()
                guard let present = machines.statuses[server.name] else { return false }
                return [.online, .starting].contains(present.state) && present.session != server.session
            }
            // That took its time.
            if let objection = objectionToAny { throw objection }
            try await admission.invite(found, epoch: coordinator.record?.epoch ?? Epoch(0))
            // Core and shell know it from here on, until that order is answered.
            candidate = found
            log.debug("\(found.server.name) agrees to join")
            handle(.ordered(.addBackup(found.server.name), by: user))
            guard await admission.newRun(of: found, within: options.timing.joinPatience),
                candidate?.server.session == found.server.session
            else { return }
            log.debug("\(found.server.name) has begun anew")
            candidate?.isReady = true
            handle(.timePassed)
        } catch {
            desk.answered(error)
        }
    }

    /// To any Backup that could be added now.
    private var objectionToAny: CommandResponse? {
        coordinator.objection(to: .addBackup(options.name)).map { CommandResponse(.refused($0)) }
    }

    // MARK: - This server is added

    private func join(_ command: PairJoinCommand, by user: MachineName) async {
        let main = command.main.name
        guard user == main else {
            return desk.answered(
                .refused(.permissionDenied, "only a Main server asks another one to join it, in its own name."))
        }
        let unlicensed = await licenses.refusal(with: main, showing: command.license)
        if let refusal = refusal(of: command) ?? unlicensed.map({ .refused($0.code, $0.sentence) }) {
            return desk.answered(refusal)
        }
        // From here on nothing of what it has goes there.
        peer.disconnect()
        peer.stop()
        desk.answered(.ok) { [weak self] in
            guard let self else { return }
            self.log.info("joins the site of \(command.main.name), and begins anew with what is there")
            self.end(.joins(command.main))
        }
    }

    private func refusal(of command: PairJoinCommand) -> CommandResponse? {
        let main = command.main.name
        guard options.role == .backup, main != options.name else {
            return .refused(.unknownMachine, "\(options.name) is no Backup server, or has the same name.")
        }
        if coordinator.isActive || coordinator.phase == .switchingToBackup {
            return .refused(.alreadyPaired, "\(options.name) is active: the show of its own site runs on it.")
        }
        if let own = mainOfPair {
            // Its own Main may have removed it while it could not be told.
            let isAhead = coordinator.record.map { command.epoch > $0.epoch } ?? true
            guard own == main, isAhead, !coordinator.isPeerHealthy else {
                return .refused(
                    .alreadyPaired,
                    "\(options.name) is the Backup of \(own). Remove it there first: understudy backup remove.")
            }
        }
        return nil
    }
}
