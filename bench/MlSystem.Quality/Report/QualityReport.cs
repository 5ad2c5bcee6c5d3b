using MlSystem.Quality.Suites;

namespace MlSystem.Quality.Report;

/// <summary>One Markdown file, a section a suite. A suite that ran replaces its own section; the others stay as they were.</summary>
internal sealed class QualityReport
{
    private const string Head = """
        # Quality

        Models trained with the defaults of their trainers on public data, against strong, tuned baselines measured by the same protocol. A training chooses nothing on test rows; constant defaults of the trainers were set by people who had seen scores of these sets, too. `bench/quality` runs all suites, `bench/quality NAME ...` some; the data come from Debian packages.


        """;

    private readonly Dictionary<string, ReportSection> _sections = [];

    public bool Missed => _sections.Values.Any(s => s.Missed);

    public void Add(ReportSection section) => _sections[section.Name] = section;

    public void MergeInto(string file)
    {
        var kept = File.Exists(file) ? Sections(File.ReadAllText(file)) : [];
        var names = SuiteList.All.Select(s => s.Name).Where(n => _sections.ContainsKey(n) || kept.ContainsKey(n));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllText(file, Head + string.Join('\n', names.Select(n => _sections.TryGetValue(n, out var section) ? section.Markdown : kept[n])));
    }

    private static Dictionary<string, string> Sections(string text) => text
        .Split("\n## ")
        .Skip(1)
        .ToDictionary(s => s[..s.IndexOf('\n', StringComparison.Ordinal)].Trim(), s => $"## {s.TrimEnd()}\n", StringComparer.Ordinal);
}
