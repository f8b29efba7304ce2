import FailoverCore

/// `hub/files`: whether the site's files may be pushed and pulled now, and where they lie.
public struct HubFiles: Payload {
    public enum Access: String, Codable, Sendable {
        case open, locked
    }

    @NullWhenNil public var epoch: Epoch?
    public var push: Access
    public var pull: Access
    /// Why they are locked, as a sentence.
    @NullWhenNil public var reason: String?
    /// Of the Main server's folder of files, with a slash at its end; `nil`: it serves none, or is not known.
    @NullWhenNil public var url: String?

    /// - Parameter lock: why files are locked; `nil`: they are open.
    public init(epoch: Epoch?, lock: String?, url: String?) {
        self.epoch = epoch
        (push, pull) = lock == nil ? (.open, .open) : (.locked, .locked)
        reason = lock
        self.url = url
    }
}
