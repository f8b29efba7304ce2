import Testing

@testable import FailoverCore

/// What the tests of orders ask of two servers.
extension TwoServers {
    static let user = MachineName("engineer")!

    func answers(of side: Side) -> [Order.Answer] {
        lastDirectives[side, default: []].compactMap { if case .answer(let answer) = $0 { answer } else { nil } }
    }

    func isReadyToStop(_ side: Side) -> Bool { lastDirectives[side, default: []].contains(.readyToStop) }

    /// Like `run`, with both servers asked at every step that at most one of them acts.
    mutating func runOneAtATime(_ span: Duration) {
        for _ in 0..<Int(span / .milliseconds(1)) {
            run(.milliseconds(1))
            #expect(!(main.isActive && backup.isActive))
        }
    }
}
