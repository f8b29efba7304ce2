import FailoverCore
import HubProtocol
import License

/// What an operator says when a server is started.
public struct ServerOptions: Sendable {
    public var role: Role
    public var name: MachineName
    /// The address of the public listeners; `nil`: loopback, or all addresses where `isInsecure`.
    public var listen: String?
    public var port: UInt16
    public var controlPort: UInt16
    /// The address that others reach this server at; `nil`: see `ListenAddress`.
    public var advertise: String?
    /// The hub of the server to pair with.
    public var peer: (host: String, port: UInt16)?
    /// The Main server that this one was added to by a command, whose hub `peer` is then.
    var joined: MachineName?
    public var dataPath: String
    /// Listens beyond loopback without keys.
    public var isInsecure: Bool
    public var returns: HubPair.Return
    public var timing: Timing
    /// This server's own, whose signature and holder were checked; `nil`: none.
    public var license: SignedLicense?
    /// Whose licences count here; `nil`: nobody's.
    public var licenseIssuer: TrustedIssuer?
    /// The file of this server's key; `nil`: the site has none.
    public var keys: String?
    /// Where its HTTP server listens; without an address: as its brokers do where `listen` is `nil`. `nil`: it has none.
    public var http: (address: String?, port: UInt16)?
    /// How many versions of each shared file are kept, at least 1.
    public var fileVersions: Int

    /// Between two automatic backups of the show; `nil`: there are none.
    public var showBackupInterval: Duration?
    /// How many of them are kept.
    public var showBackups: Int

    public init(
        role: Role, name: MachineName, listen: String?, port: UInt16, controlPort: UInt16, advertise: String?,
        peer: (host: String, port: UInt16)?, dataPath: String, isInsecure: Bool, returns: HubPair.Return,
        timing: Timing, license: SignedLicense? = nil, licenseIssuer: TrustedIssuer? = nil,
        keys: String? = nil, http: (address: String?, port: UInt16)? = nil,
        showBackupInterval: Duration? = nil, showBackups: Int = 5, fileVersions: Int = 10
    ) {
        self.role = role
        self.name = name
        self.listen = listen
        self.port = port
        self.controlPort = controlPort
        self.advertise = advertise
        self.peer = peer
        self.dataPath = dataPath
        self.isInsecure = isInsecure
        self.returns = returns
        self.timing = timing
        self.license = license
        self.licenseIssuer = licenseIssuer
        self.keys = keys
        self.http = http
        self.showBackupInterval = showBackupInterval
        self.showBackups = showBackups
        self.fileVersions = fileVersions
    }
}
