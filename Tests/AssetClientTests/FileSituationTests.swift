import AssetClient
import AssetProtocol
import Testing

/// Every way in which a file can stand, and what is to be done then.
struct FileSituationTests {
    /// - Parameters:
    ///   - base: the content of version 1, which was pulled; `nil`: none was.
    ///   - here: `nil`: there is no file.
    ///   - there: the newest version; `nil`: none ever.
    private func situation(_ base: Character?, _ here: Character?, _ there: FileEntry?) -> FileSituation {
        FileSituation(
            path: Given.path, known: base.map { Given.known(Given.version(1, $0)) },
            local: here.map { Given.local($0) }, remote: there)
    }

    private func conflict(
        _ here: FileConflict.Change, _ base: Character?, _ there: FileEntry?
    ) -> FileStep {
        .conflict(
            FileConflict(path: Given.path, here: here, known: base.map { Given.version(1, $0) }, newest: there))
    }

    private let one = Given.version(1, "a")
    private let two = Given.version(2, "b")
    private let gone = Given.version(2, nil)

    @Test func pushSendsWhatIsNewOrChangedHere() {
        #expect(situation(nil, "a", nil).pushStep(deletes: false, force: false) == .upload(.doesNotExist))
        #expect(situation(nil, "a", gone).pushStep(deletes: false, force: false) == .upload(.doesNotExist))
        #expect(situation("a", "b", one).pushStep(deletes: false, force: false) == .upload(.newestIs(tag: one.tag)))
    }

    @Test func pushLeavesWhatIsUnchangedHere() {
        #expect(situation("a", "a", one).pushStep(deletes: true, force: true) == .nothing(.current))
        #expect(situation("a", "a", two).pushStep(deletes: true, force: true) == .nothing(.newerThere))
        #expect(situation("a", "a", gone).pushStep(deletes: true, force: true) == .nothing(.newerThere))
        #expect(situation(nil, nil, two).pushStep(deletes: true, force: true) == .nothing(.newerThere))
    }

    @Test func pushOfTheSameContentSendsNothing() {
        #expect(situation("a", "b", two).pushStep(deletes: false, force: false) == .note(two))
        #expect(situation(nil, "b", two).pushStep(deletes: false, force: false) == .note(two))
    }

    @Test func pushNeverReplacesWhatNobodyHereHasSeen() {
        #expect(situation("a", "c", two).pushStep(deletes: false, force: false) == conflict(.changed, "a", two))
        #expect(situation("a", "c", gone).pushStep(deletes: false, force: false) == conflict(.changed, "a", gone))
        #expect(situation(nil, "c", two).pushStep(deletes: false, force: false) == conflict(.new, nil, two))
        #expect(situation("a", nil, two).pushStep(deletes: true, force: false) == conflict(.removed, "a", two))
    }

    @Test func forcedPushWins() {
        #expect(situation("a", "c", two).pushStep(deletes: false, force: true) == .upload(.none))
        #expect(situation("a", "c", gone).pushStep(deletes: false, force: true) == .upload(.none))
        #expect(situation(nil, "c", two).pushStep(deletes: false, force: true) == .upload(.none))
        #expect(situation("a", nil, two).pushStep(deletes: true, force: true) == .deleteThere(tag: nil))
    }

    @Test func pushDeletesOnlyWhenAsked() {
        #expect(situation("a", nil, one).pushStep(deletes: false, force: true) == .nothing(.removedHere))
        #expect(situation("a", nil, one).pushStep(deletes: true, force: false) == .deleteThere(tag: one.tag))
        #expect(situation("a", nil, gone).pushStep(deletes: true, force: false) == .forget)
    }

    @Test func pullFetchesWhatIsNewOrChangedThere() {
        #expect(situation(nil, nil, one).pullStep(force: false) == .fetch(one))
        #expect(situation("a", "a", two).pullStep(force: false) == .fetch(two))
        #expect(situation("a", "a", gone).pullStep(force: false) == .removeHere(gone))
        #expect(situation("a", "b", two).pullStep(force: false) == .note(two))
        #expect(situation("a", nil, gone).pullStep(force: false) == .forget)
    }

    @Test func pullKeepsWhatWasChangedHereOnly() {
        #expect(situation("a", "c", one).pullStep(force: true) == .nothing(.changedHere))
        #expect(situation("a", nil, one).pullStep(force: true) == .nothing(.removedHere))
        #expect(situation(nil, "c", nil).pullStep(force: true) == .nothing(.onlyHere))
        #expect(situation(nil, "c", gone).pullStep(force: true) == .nothing(.onlyHere))
    }

    @Test func pullTouchesNothingThatBothChanged() {
        #expect(situation("a", "c", two).pullStep(force: false) == conflict(.changed, "a", two))
        #expect(situation("a", "c", gone).pullStep(force: false) == conflict(.changed, "a", gone))
        #expect(situation(nil, "c", two).pullStep(force: false) == conflict(.new, nil, two))
        #expect(situation("a", nil, two).pullStep(force: false) == conflict(.removed, "a", two))
    }

    @Test func forcedPullTakesTheServersVersion() {
        #expect(situation("a", "c", two).pullStep(force: true) == .fetch(two))
        #expect(situation("a", "c", gone).pullStep(force: true) == .removeHere(gone))
        #expect(situation("a", nil, two).pullStep(force: true) == .fetch(two))
    }

    @Test func resetMakesEverythingKnownAsItIsThere() {
        #expect(situation("a", "c", one).resetStep() == .fetch(one))
        #expect(situation("a", nil, one).resetStep() == .fetch(one))
        #expect(situation("a", "c", gone).resetStep() == .removeHere(gone))
        #expect(situation(nil, "c", nil).resetStep() == .nothing(.onlyHere))
        #expect(situation(nil, "c", gone).resetStep() == .nothing(.onlyHere))
        #expect(situation("a", "c", one).losesByReset)
        #expect(situation(nil, "c", one).losesByReset)
        #expect(!situation("a", "a", two).losesByReset)
        #expect(!situation("a", nil, two).losesByReset)
    }

    /// A server that lost everything, or another one, must not make anybody lose more.
    @Test func whatTheServerNeverHadIsNotRemovedHere() {
        #expect(situation("a", "a", nil).pullStep(force: true) == .nothing(.onlyHere))
        #expect(situation("a", "a", nil).resetStep() == .nothing(.onlyHere))
        #expect(situation("a", "a", nil).pushStep(deletes: true, force: false) == .upload(.doesNotExist))
    }

    @Test func aFileIsReadOnlyWhereNothingElseCanTell() {
        let unread = FileSituation(
            path: Given.path, known: Given.known(one), local: Given.local(nil), remote: one)
        #expect(unread.pushStep(deletes: false, force: false) == .hash)
        #expect(unread.pullStep(force: false) == .hash)
        let longer = FileSituation(
            path: Given.path, known: Given.known(one), local: Given.local(nil, size: 4), remote: one)
        #expect(longer.pushStep(deletes: false, force: false) == .upload(.newestIs(tag: one.tag)))
        let new = FileSituation(path: Given.path, known: nil, local: Given.local(nil), remote: nil)
        #expect(new.pushStep(deletes: false, force: false) == .upload(.doesNotExist))
    }

    /// Where everything is known, and one side's word counts, every file has a step.
    @Test func noStepIsLeftOpen() {
        let contents: [Character?] = [nil, "a", "b"]
        for base in contents {
            for here in contents {
                for there in [nil, one, two, gone, Given.version(3, "a")] {
                    let situation = situation(base, here, there)
                    let steps = [
                        situation.pushStep(deletes: true, force: true), situation.pullStep(force: true),
                        situation.resetStep(),
                    ]
                    for step in steps {
                        if step == .hash { Issue.record("everything is known of \(situation)") }
                        if case .conflict = step { Issue.record("force leaves a conflict in \(situation)") }
                    }
                }
            }
        }
    }
}
