namespace MlSystem.Testing;

/// <summary>Finds the service that a gateway's route table gives a path, as routing does: of the routes that match the one with more literal segments.</summary>
public sealed class RouteTable(IEnumerable<(string Path, string Service)> routes)
{
    private readonly IReadOnlyList<(string[] Segments, string Service)> _routes = [.. routes.Select(route => (Segments(route.Path), route.Service))];

    /// <param name="path">A path or its template; parameters of the template stand for a segment of any text.</param>
    public string? Service(string path)
    {
        var wanted = Segments(path);
        return _routes.Where(route => Matches(route.Segments, wanted))
            .OrderByDescending(route => route.Segments.Count(IsLiteral)).ThenByDescending(route => route.Segments.Length)
            .Select(route => route.Service).FirstOrDefault();
    }

    private static string[] Segments(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsLiteral(string segment) => !segment.StartsWith('{');

    private static bool Matches(string[] route, string[] path)
    {
        var open = route is [.., var last] && last.StartsWith("{**", StringComparison.Ordinal);
        var known = open ? route[..^1] : route;
        return (open ? path.Length >= known.Length : path.Length == known.Length)
            && known.Zip(path).All(pair => !IsLiteral(pair.First) || string.Equals(pair.First, pair.Second, StringComparison.OrdinalIgnoreCase));
    }
}
