import ArgumentParser
import HubClient
import HubProtocol

/// How `status`, `machines` and `discover` are shown: once or live, for a person or for a program.
struct ObservationOptions: ParsableArguments {
    @Flag(help: "Stay, and show every change.")
    var watch = false
    @Flag(help: "One JSON object; with --watch one a line for every change.")
    var json = false

    /// - Parameters:
    ///   - document: what a program reads; `nil` while there is nothing true to say.
    ///   - picture: what a person reads.
    ///   - news: a line that differs when there is something new, for a log of changes without a terminal.
    func show(
        _ site: SiteOptions, document: (SiteView) -> (any Encodable)?, picture: (SiteView, Terminal) -> String,
        news: (SiteView) -> String
    ) async throws {
        let terminal = Terminal()
        var last: String?
        if watch, !json, terminal.isInteractive { terminal.write("\u{1B}[2J") }
        _ = try site.key.read()
        for await view in SiteObserver.views(of: site.endpoints, credentials: site.key.credentials) {
            let document = document(view)
            guard watch || document != nil else { throw NoHubReached(view) }
            let text: String
            if json {
                text = try document.map(Self.encode) ?? #"{"error":"no hub could be reached"}"#
            } else if watch, !terminal.isInteractive {
                text = document == nil ? "\(NoHubReached(view))" : news(view)
            } else {
                text = document == nil ? "\(NoHubReached(view))" : picture(view, terminal)
            }
            if watch, !json, terminal.isInteractive {
                terminal.redraw(text + "\n\n" + terminal.paint("Ctrl-C ends.", .dim) + "\n")
            } else if text != last {
                terminal.line(watch && !json ? "\(UTCTime.now)  \(text)" : text)
            }
            last = text
            if !watch { return }
        }
    }

    static func encode(_ document: any Encodable) throws -> String {
        String(decoding: try JSONDocument.encode(document), as: UTF8.self)
    }
}
