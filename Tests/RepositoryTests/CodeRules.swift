import Testing

/// House rules that a compiler does not check; each ban names its replacement.
struct CodeRules {
    static let bannedInEngines: [(pattern: String, instead: String)] = [
        (".now", "take `now: Instant` as an argument"),
        ("SystemRandomNumberGenerator", "take `using rng: inout some RandomNumberGenerator`"),
        (".randomElement()", "pass `using: &rng`"),
        (".shuffled()", "pass `using: &rng`"),
        (".shuffle()", "pass `using: &rng`"),
        ("Task {", "return an effect"),
        ("Task.sleep", "return a `.wake(at:)` effect"),
        ("async ", "an engine is a value: events in, effects out"),
        ("Date(", "take `now: Instant` as an argument"),
    ]

    // These are what the rule looks for, not unfinished places.
    static let bannedEverywhere: [(pattern: String, instead: String)] = [
        ("TODO", "finish it, or open an issue"),
        ("FIXME", "finish it, or open an issue"),
        ("try!", "handle the error"),
        (" as! ", "match with `as?`"),
        ("fatalError(", "throw, or `preconditionFailure` for our own bugs"),
        ("Task.detached", "a child of a task group or a service"),
        ("SIMD", "plain integers; wide alignment corrupts async frames (docs/decisions/0007)"),
    ]

    static let fileLinesMax = 500
    static let functionLinesMax = 70

    @Test func engines_useNoClockRandomnessOrTask() {
        for file in SourceTree.current.engines {
            for (number, text) in file.code {
                for ban in Self.bannedInEngines where text.contains(ban.pattern) {
                    Issue.record("\(file.path):\(number) has `\(ban.pattern)`: \(ban.instead)")
                }
            }
        }
    }

    @Test func sources_haveNoForcedOrUnfinishedPlaces() {
        for file in SourceTree.current.files {
            for (number, text) in file.code {
                for ban in Self.bannedEverywhere where text.contains(ban.pattern) {
                    Issue.record("\(file.path):\(number) has `\(ban.pattern)`: \(ban.instead)")
                }
            }
        }
    }

    @Test func files_areOneIdea() {
        for file in SourceTree.current.files {
            #expect(file.lines.count <= Self.fileLinesMax, "\(file.path) has \(file.lines.count) lines")
        }
    }

    @Test func functions_fitAScreen() {
        for file in SourceTree.current.files {
            for function in Self.functions(in: file) where !function.isFlatSwitch {
                #expect(
                    function.lineCount <= Self.functionLinesMax,
                    "\(file.path):\(function.line) has \(function.lineCount) lines"
                )
            }
        }
    }

    private struct Function {
        let line: Int
        let lineCount: Int
        let isFlatSwitch: Bool
    }

    /// Functions by indentation: swift-format guarantees that the closing brace stands under the declaration.
    private static func functions(in file: SourceTree.File) -> [Function] {
        var found: [Function] = []
        for (index, line) in file.lines.enumerated() {
            let words = line.split(separator: " ")
            guard words.contains("func") || words.contains(where: { $0.hasPrefix("init(") || $0.hasPrefix("init<") }),
                !line.drop(while: { $0 == " " }).hasPrefix("//")
            else { continue }
            let indentation = line.prefix { $0 == " " }
            let closing = indentation + "}"
            guard let opening = file.lines[index...].firstIndex(where: { $0.hasSuffix("{") || $0.hasSuffix("}") }),
                file.lines[opening].hasSuffix("{"),
                let end = file.lines[opening...].firstIndex(of: String(closing))
            else { continue }
            let body = file.lines[(opening + 1)..<end]
            let flat = body.first { !$0.allSatisfy { $0 == " " } }?.drop { $0 == " " }.hasPrefix("switch ") ?? false
            found.append(Function(line: index + 1, lineCount: end - index + 1, isFlatSwitch: flat))
        }
        return found
    }
}
