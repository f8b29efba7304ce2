import NIOCore

/// What one client, or many, can take of this server at most. The show does not wait for any of it.
enum Bounds {
    /// Each holds a descriptor and its buffers. More clients wait in the system's queue until one of these ends.
    static let connections = 256
    /// Who has not sent a whole request head, or the body that belongs to it, in this time may never do so, and must not
    /// keep others from coming in.
    static let requestPatience = TimeAmount.seconds(10)
    /// So long a connection may be kept without a request, for the next one.
    static let idle = TimeAmount.seconds(60)
    /// So long a client may leave what was written to it unread.
    static let readingPatience = TimeAmount.seconds(30)
    /// A goodbye that is not answered.
    static let closingPatience = TimeAmount.seconds(1)
    /// In bytes, of one header field or the path, and of all together; and their number. They are kept in memory before
    /// anybody is known.
    static let headerField = 8 * 1024
    static let headers = 16 * 1024
    static let headerCount = 100
    /// In bytes. The largest command is an address.
    static let commandBody = 64 * 1024
    /// So long an upload may take for each of these portions, in bytes: it must not keep a connection from others either.
    static let uploadPatience = TimeAmount.seconds(30)
    static let uploadPortion = 64 * 1024
    /// In bytes: what a connection is read by at most. A busy upload gets there, and then costs fewer turns.
    static let received = 128 * 1024
    /// So many parts are read from the disk while the one before goes out.
    static let downloadAhead = 3
    /// In bytes; four of them are in memory for each download. With a page to align them they fill what NIO allocates.
    static let downloadPart = 252 * 1024
    /// Of a client's HTTP to its Main server: transfers that are stopped for a while hold one each.
    static let connectionsToMain = 32
    /// In bytes: what Main says of a push. All else passes through.
    static let answer = 64 * 1024
    /// So long a client waits for the site to say that Main is lost: longer than any failover.
    static let lockPatience = Duration.seconds(3)
    /// Each costs a document on every change.
    static let eventStreams = 64
    /// The least time between two events: a person sees no more.
    static let eventPause = Duration.milliseconds(100)
    /// Heartbeats alone are no news: they come along at most so often.
    static let heartbeatPause = Duration.seconds(1)
    /// A stream says at least so often that it lives, for what ends silent connections on the way.
    static let keepAlive = Duration.seconds(15)
    /// So long a client goes on looking at the site after the last page of its panel was closed.
    static let lingering = Duration.seconds(5)
    /// Items of the show in one document, and bytes of each: more are seen by programs, not by people.
    static let showItems = 2000
    static let showText = 4096
    /// An edit waits so long for a hub: longer than any switch.
    static let editPatience = Duration.seconds(20)
    /// Longer than a server waits for a Backup that is added.
    static let commandPatience = Duration.seconds(180)
}
