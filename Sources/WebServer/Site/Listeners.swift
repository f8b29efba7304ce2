/// Everyone who wants to hear of each change of something, a bounded number. What nobody has read yet is replaced by what is
/// newer.
struct Listeners<News: Sendable> {
    private var streams: [UInt64: AsyncStream<News>.Continuation] = [:]
    private var opened: UInt64 = 0

    var isEmpty: Bool { streams.isEmpty }

    /// - Parameter onLeave: called when somebody listens no more; must end with `remove`.
    /// - Throws: `Problem` when too many listen.
    mutating func add(onLeave: @escaping @Sendable (UInt64) -> Void) throws -> AsyncStream<News> {
        guard streams.count < Bounds.eventStreams else {
            throw Problem(
                .serviceUnavailable,
                "\(streams.count) programs follow these events here, and no more are served. Close one of them.")
        }
        opened += 1
        let number = opened
        let (stream, continuation) = AsyncStream.makeStream(of: News.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { _ in onLeave(number) }
        streams[number] = continuation
        return stream
    }

    mutating func remove(_ number: UInt64) { streams[number] = nil }

    func tell(_ news: News) {
        for stream in streams.values { stream.yield(news) }
    }

    /// Tells those who have read all that they were told.
    func tellIdle(_ news: News) {
        for stream in streams.values {
            if case .dropped(let unread) = stream.yield(news) { stream.yield(unread) }
        }
    }
}
