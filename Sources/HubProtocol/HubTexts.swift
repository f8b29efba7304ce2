import FailoverCore

// What is said to people about `hub/…`, beside the sentences on what is missing (`HubPayloads.swift`).

extension Phase {
    /// What stands behind the status chip: where the show runs, and what happens next by itself.
    public func explanation(hasPair: Bool) -> String {
        switch self {
        case .alone:
            hasPair
                ? "Main serves the show, and the Backup could not take over at this moment. What is missing stands under "
                    + "Readiness."
                : "Main serves the show, and nothing stands by: if Main is lost, the show stops. Add a Backup server."
        case .idle: "Main serves the show. The Backup has a copy of it, and takes over by itself when Main is lost."
        case .switchingToBackup: "The Backup takes over. Clients follow by themselves."
        case .active:
            "The Backup serves the show in Main's place. No files can be pushed or pulled until Main is back."
        case .switchingToMain: "The show goes home to Main. Clients follow by themselves."
        case .isolated:
            "The server that says this reaches neither the other one nor most clients, and serves nothing until it does."
        }
    }
}

extension HubState {
    public var explanation: String { phase.explanation(hasPair: chip != Phase.alone.chip(hasPair: false)) }
}

extension HubState.Missing {
    /// What holds where it is not missing.
    public var fulfilment: String {
        switch self {
        case .backup: "the site has two servers, Main and Backup"
        case .backupUnreachable: "the Backup server is reached"
        case .replication: "the other hub has the whole state of the show"
        case .license: "both servers have a Server with failover licence"
        case .keysDiffer: "the keys of the two servers go together"
        case .clientsWithoutBackup: "every client reaches the hub of the Backup server"
        case .serverLink: "the two servers see each other"
        }
    }
}

extension Reason {
    /// Why an epoch began.
    public var sentence: String {
        switch self {
        case .started: "the site was started for the first time"
        case .resumed: "the server that served the show last came back and went on"
        case .mainLost: "Main died, hung or could not be reached"
        case .mainStopped: "Main was stopped in good order"
        case .backupLost: "the Backup died, hung or could not be reached; Main went on without it"
        case .backupStopped: "the Backup was stopped in good order; Main went on without it"
        case .mainReturned: "Main was back and healthy: home again"
        case .witnessesChanged: "other clients vote from now on"
        case .planned: "an operator switched"
        case .forced: "an operator forced it"
        case .siteStopped: "an operator stopped the site"
        case .backupRemoved: "an operator took the Backup out of the site"
        }
    }
}
