import HubClient
import LocalSite
import Testing

/// Behind a gateway that translates addresses, those that the servers give themselves lead nowhere.
@Suite("A program that reaches the hubs on ways of its own", .serialized, .realNetworks)
struct OtherAddressTests {
    @Test("It keeps to them, whichever of the two hubs answers first", .timeLimit(.minutes(2)))
    func keepsItsWays() async throws {
        try await RealNetwork.with { net in
            for number in 1...10 {
                let hubs = [net.main.observed, net.backup.observed]
                let hub = await HubConnection(
                    name: LocalSite.operatorName, hubs: number.isMultiple(of: 2) ? hubs : hubs.reversed())
                do {
                    try await hub.publish("show/anna/way", "\(number)".utf8)
                } catch {
                    Issue.record("program \(number): \(error)")
                }
                await hub.close()
            }
        }
    }
}
