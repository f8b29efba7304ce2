import Glibc

/// Every session is an open file of a broker, and the usual limit of 1024 is less than a large site has.
enum OpenFiles {
    private static let wanted: rlim_t = 65_536

    /// For this process, and for the children that it starts from now on; as far as this user may.
    static func raiseLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return
        }
        limit.rlim_cur = min(wanted, limit.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
