using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using MlSystem.Inference.Admission;
using MlSystem.Inference.Bandits;
using MlSystem.Inference.Batching;
using MlSystem.Inference.Explanations;
using MlSystem.Inference.Features;
using MlSystem.Inference.PredictionLog;
using MlSystem.Inference.Routing;
using MlSystem.Inference.Runtimes;
using MlSystem.Inference.Shadowing;
using MlSystem.Inference.Versions;
using MlSystem.Testing;

namespace MlSystem.Inference.Tests.Documentation;

/// <summary>Every option is in the pages with its default, and every option of the pages is one.</summary>
public sealed partial class OptionsTests
{
    private static readonly Dictionary<string, Type> Sections = new(StringComparer.Ordinal)
    {
        ["Admission"] = typeof(AdmissionOptions),
        ["Bandits"] = typeof(BanditOptions),
        ["Batching"] = typeof(BatchingOptions),
        ["Explanations"] = typeof(ExplanationOptions),
        ["Features"] = typeof(FeatureOptions),
        ["PredictionLog"] = typeof(PredictionLogOptions),
        ["Routing"] = typeof(RoutingOptions),
        ["Runtime"] = typeof(RuntimeOptions),
        ["Shadowing"] = typeof(ShadowOptions),
        ["Versions"] = typeof(VersionsOptions),
    };

    private static readonly string[] Pages = [.. Directory.EnumerateFiles(Path.Combine(Golden.RepositoryRoot(), "docs"), "*.md", SearchOption.AllDirectories).Select(File.ReadAllText)];

    public static TheoryData<string> Options => [.. Sections.SelectMany(section => Properties(section.Value).Select(property => $"{section.Key}:{property.Name}"))];

    [Theory]
    [MemberData(nameof(Options))]
    public void An_option_is_in_a_table_with_its_default(string option)
    {
        var (section, name) = (option.Split(':')[0], option.Split(':')[1]);
        var type = Sections[section];
        var rows = Pages.Where(page => page.Contains($"Inference:{section}", StringComparison.Ordinal))
            .SelectMany(page => page.Split('\n')).Where(line => line.StartsWith('|')).ToList();
        var own = rows.Where(line => line.Contains($"`Inference:{section}:{name}`", StringComparison.Ordinal)).ToList();
        own = own.Count > 0 ? own : rows.Where(line => line.Contains($"`{name}`", StringComparison.Ordinal)).ToList();
        Assert.True(own.Count > 0, $"no table has Inference:{section}:{name}");
        var texts = Default(type.GetProperty(name)!.GetValue(Activator.CreateInstance(type)), name);
        Assert.True(texts.Length == 0 || own.Exists(line => Array.Exists(texts, text => line.Contains(text, StringComparison.Ordinal))), $"its default {string.Join(" or ", texts)} is not in:\n{string.Join('\n', own)}");
    }

    [Fact]
    public void An_option_of_the_pages_is_one()
    {
        var named = Pages.SelectMany(page => Key().Matches(page)).Select(match => (Section: match.Groups["section"].Value, Name: match.Groups["name"].Value)).Distinct().ToList();
        Assert.NotEmpty(named);
        Assert.All(named, key => Assert.True(Sections.TryGetValue(key.Section, out var type) && type.GetProperty(key.Name) is not null, $"Inference:{key.Section}:{key.Name} is no option"));
    }

    [Fact]
    public void Every_type_of_options_is_looked_at()
    {
        var types = typeof(RuntimeOptions).Assembly.GetTypes().Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && type is { IsAbstract: false, IsNested: false } && type.Namespace?.StartsWith("MlSystem.Inference.", StringComparison.Ordinal) == true);
        Assert.Equal(types.Select(type => type.Name).Order(StringComparer.Ordinal), Sections.Values.Select(type => type.Name).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<PropertyInfo> Properties(Type type) => type.GetProperties().Where(property => property.CanWrite);

    /// <summary>How the pages may write a value; nothing where they describe it.</summary>
    private static string[] Default(object? value, string name) => value switch
    {
        // It depends on the machine.
        int when name == nameof(ExplanationOptions.Threads) => [],
        int or long => Convert.ToInt64(value, CultureInfo.InvariantCulture) is var number && number > 0 && number % (1 << 20) == 0
            ? [$"{number >> 20} MiB", number.ToString("N0", CultureInfo.InvariantCulture)]
            : [$"| {number.ToString("N0", CultureInfo.InvariantCulture)}"],
        double number => [$"| {number.ToString("R", CultureInfo.InvariantCulture)}"],
        bool flag => [flag ? "true" : "false"],
        string text => [$"`{text}`"],
        null or IEnumerable => [],
        _ => throw new InvalidOperationException($"An option of the type {value.GetType()}."),
    };

    [GeneratedRegex("`Inference:(?<section>\\w+):(?<name>\\w+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Key();
}
