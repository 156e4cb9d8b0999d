/// What may be meant by a word that is not in the list.
struct WordSuggestion {
    let word: String
    /// The nearest words of the list in alphabetic order, at most ``countMax``; empty if none is near.
    let nearest: [String]

    private static let countMax = 3
    /// Most letters to change, insert, drop or swap with a neighbour.
    private static let distanceMax = 2
    /// Longest word that is compared, in characters; the longest of the list has 8.
    private static let lengthMax = 12

    init(for word: String) {
        self.word = word
        let letters = Array(word.unicodeScalars)
        guard letters.count <= Self.lengthMax else {
            nearest = []
            return
        }
        let distances = EnglishWords.all.map { Self.distance(letters, Array($0.unicodeScalars)) }
        let least = min(distances.min() ?? .max, Self.distanceMax)
        nearest = Array(zip(EnglishWords.all, distances).filter { $0.1 == least }.map(\.0).prefix(Self.countMax))
    }

    /// `"abondon" is not in the list; did you mean "abandon"?`
    var sentence: String {
        let shown = "\"\(word.prefix(Self.lengthMax))\(word.count > Self.lengthMax ? "…" : "")\" is not in the list"
        guard !nearest.isEmpty else { return shown }
        return shown + "; did you mean " + nearest.map { "\"\($0)\"" }.joined(separator: " or ") + "?"
    }

    /// Optimal string alignment: Levenshtein's distance, where two swapped neighbours count once.
    private static func distance(_ lhs: [Unicode.Scalar], _ rhs: [Unicode.Scalar]) -> Int {
        var before: [Int] = []
        var previous = Array(0...rhs.count)
        for row in 0..<lhs.count {
            var current = [row + 1]
            for column in 0..<rhs.count {
                let change = previous[column] + (lhs[row] == rhs[column] ? 0 : 1)
                var least = min(change, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, lhs[row] == rhs[column - 1], lhs[row - 1] == rhs[column] {
                    least = min(least, before[column - 1] + 1)
                }
                current.append(least)
            }
            before = previous
            previous = current
        }
        return previous[rhs.count]
    }
}

extension EnglishWords {
    /// The number of `word` in the list, by binary search.
    static func index(of word: String) -> Int? {
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle] < word { low = middle + 1 } else { high = middle }
        }
        return low < all.count && all[low] == word ? low : nil
    }
}
