using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Mlflow;

/// <summary>The table of MLflow's calls in the documentation: every call is in it, and every row names tests that exist.</summary>
public sealed partial class CallTableTests(RegistryApp app) : IClassFixture<RegistryApp>
{
    private const string Prefix = "/api/2.0/mlflow/";
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "registry", "mlflow.md");

    [Fact]
    public void Every_row_links_to_tests_that_exist()
    {
        Assert.NotEmpty(Rows());
        foreach (var row in Rows())
        {
            var links = Link().Matches(row);
            Assert.True(links.Count > 0, $"no test: {row}");
            foreach (Match link in links)
            {
                var file = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Page)!, link.Groups["file"].Value));
                Assert.True(File.Exists(file), $"{file} is not there: {row}");
                var code = File.ReadAllText(file);
                Assert.All(Name().Matches(link.Groups["tests"].Value).Select(n => n.Groups["name"].Value), test => Assert.Contains($" {test}(", code, StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void Every_call_is_in_the_table()
    {
        var words = Rows().Select(row => row.Split('|')[1]).SelectMany(cell => Word().Matches(cell).Select(word => word.Value)).ToHashSet(StringComparer.Ordinal);
        var calls = app.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Select(endpoint => endpoint.RoutePattern.RawText!)
            .Where(path => path.StartsWith(Prefix, StringComparison.Ordinal) && !path.EndsWith("{**rest}", StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(calls.Count > 50, $"{calls.Count} calls");
        foreach (var call in calls)
        {
            Assert.All(call[Prefix.Length..].Split('/').Where(segment => !segment.StartsWith('{')), segment => Assert.True(words.Contains(segment), $"{call}: '{segment}' is in no row"));
        }
    }

    private static IReadOnlyList<string> Rows() =>
        [.. File.ReadLines(Page).SkipWhile(line => line != "| calls | tests |").Skip(2).TakeWhile(line => line.StartsWith('|'))];

    [GeneratedRegex(@"\]\((?<file>[^)#]+\.cs)\)(?<tests>[^\[|]*)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Link();

    [GeneratedRegex("`(?<name>[A-Za-z0-9_]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();

    [GeneratedRegex("[A-Za-z-]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Word();
}
