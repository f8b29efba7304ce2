import Hummingbird
import NIOCore

/// What comes with a request, from anybody.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// See `CallerCheck`.
    var caller: Caller?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// What comes with a request from somebody who belongs to this site.
struct MemberContext: ChildRequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    let caller: Caller

    init(context: WebContext) throws {
        guard let caller = context.caller else { throw Problem.noCertificate }
        channel = context.channel
        coreContext = context.coreContext
        self.caller = caller
    }
}
