import Foundation
import Glibc

/// On a machine that does other work as well, a switch must not wait for its turn. As other programs of this kind do
/// (Corosync, Keepalived), a server goes before the rest where it may; without the right to (CAP_SYS_NICE) it does as
/// everybody else.
enum ProcessPriority {
    private static let nice: Int32 = -10

    /// For this process, and for the children and threads that it starts from now on.
    static func raise() {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        // Each thread has a priority of its own, and gives it to those that it starts.
        for thread in threads.compactMap(UInt32.init) { setpriority(.init(PRIO_PROCESS.rawValue), thread, nice) }
    }
}
