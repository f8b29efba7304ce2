import CLinux
import Glibc
import HeapModule
import Synchronization

/// The one thread that serves every MQTT session of this process, and the executor of `@SessionLoop`.
///
/// libmosquitto wants every call on a handle from one thread, and its own loop uses `select`, whole seconds and a
/// blocking `connect`. So sockets and timers are awaited here, by epoll, and what belongs to sessions is isolated to
/// this thread by the compiler.
final class EventLoop: SerialExecutor, @unchecked Sendable {
    // `@unchecked`: everything below `mailbox` is touched on the loop's own thread only.
    static let shared = EventLoop()

    private let epoll: Int32
    private let wakeUp: Int32
    private let mailbox = Mutex<[UnownedJob]>([])
    private let thread = Mutex<pthread_t?>(nil)

    private var handlers: [Int32: Handler] = [:]
    private var timers = Heap<Timer>()
    private var cancelled: Set<UInt64> = []
    private var nextTimer: UInt64 = 0

    typealias Handler = (_ readiness: Readiness) -> Void

    struct Readiness: OptionSet {
        let rawValue: UInt32
        static let readable = Readiness(rawValue: EPOLLIN.rawValue)
        static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
        static let failed = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
        /// The other end sends nothing more; what it sent before may still be unread.
        static let hungUp = Readiness(rawValue: EPOLLRDHUP.rawValue)
    }

    private struct Timer: Comparable {
        var deadline: ContinuousClock.Instant
        var number: UInt64
        var body: () -> Void

        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
        static func < (left: Self, right: Self) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    private init() {
        // A write to a broker that is gone must be an error, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(epoll >= 0 && wakeUp >= 0, "no file descriptors left for the event loop")
        control(EPOLL_CTL_ADD, wakeUp, .readable)
        var started = pthread_t()
        let code = pthread_create(
            &started, nil,
            { _ in
                EventLoop.shared.run()
                return nil
            }, nil)
        precondition(code == 0, "no thread for the event loop")
    }

    // MARK: - Executor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        mailbox.withLock { $0.append(job) }
        // This thread looks into the mailbox before it waits again.
        guard !isOnLoop else { return }
        var one: UInt64 = 1
        _ = write(wakeUp, &one, MemoryLayout.size(ofValue: one))
    }

    func checkIsolated() { precondition(isOnLoop, "not on the session loop's thread") }

    var isOnLoop: Bool { thread.withLock { $0.map { pthread_equal($0, pthread_self()) != 0 } ?? false } }

    // MARK: - On the loop's thread

    func watch(_ descriptor: Int32, handler: @escaping Handler) {
        handlers[descriptor] = handler
        control(EPOLL_CTL_ADD, descriptor, [.readable, .writable, .hungUp])
    }

    func update(_ descriptor: Int32, awaitsWritable: Bool) {
        control(EPOLL_CTL_MOD, descriptor, awaitsWritable ? [.readable, .writable, .hungUp] : [.readable, .hungUp])
    }

    func unwatch(_ descriptor: Int32) {
        handlers[descriptor] = nil
        control(EPOLL_CTL_DEL, descriptor, [])
    }

    /// Returns the number to cancel it by.
    func schedule(at deadline: ContinuousClock.Instant, _ body: @escaping () -> Void) -> UInt64 {
        nextTimer += 1
        timers.insert(Timer(deadline: deadline, number: nextTimer, body: body))
        return nextTimer
    }

    func cancel(_ timer: UInt64) { cancelled.insert(timer) }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness) {
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(fd: descriptor))
        _ = epoll_ctl(epoll, operation, descriptor, &event)
    }

    private func run() {
        thread.withLock { $0 = pthread_self() }
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let patience = mailbox.withLock { $0.isEmpty } ? millisecondsToNextTimer() : 0
            let count = epoll_wait(epoll, &events, Int32(events.count), patience)
            // Sockets before timers: after this thread was held up, what others sent in the meantime is heard before
            // any silence is counted.
            for event in events.prefix(max(0, Int(count))) {
                if event.data.fd == wakeUp {
                    var value: UInt64 = 0
                    _ = read(wakeUp, &value, MemoryLayout.size(ofValue: value))
                } else {
                    handlers[event.data.fd]?(Readiness(rawValue: event.events))
                }
            }
            for job in mailbox.withLock({ jobs in
                defer { jobs.removeAll(keepingCapacity: true) }
                return jobs
            }) {
                job.runSynchronously(on: asUnownedSerialExecutor())
            }
            runTimers()
        }
    }

    private func runTimers() {
        let now = ContinuousClock.now
        while let timer = timers.min, timer.deadline <= now {
            timers.removeMin()
            if cancelled.remove(timer.number) == nil { timer.body() }
        }
    }

    private func millisecondsToNextTimer() -> Int32 {
        while let timer = timers.min, cancelled.remove(timer.number) != nil { timers.removeMin() }
        guard let timer = timers.min else { return -1 }
        let nanoseconds = max(.zero, timer.deadline - .now).components
        // Rounded up: waking before the deadline would spin.
        let milliseconds =
            nanoseconds.seconds * 1000 + (nanoseconds.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: milliseconds)
    }
}
