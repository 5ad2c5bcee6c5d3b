using MlSystem.Contracts;

namespace MlSystem.Graphs.Planning;

/// <summary>Finds out where a step's inputs come from.</summary>
internal sealed class StepSources(string where, GraphStep step, Scope request, Scope? response, bool responseFirst, List<string> problems)
{
    private const string RequestPrefix = GraphData.Request + ".";
    private const string ResponsePrefix = GraphData.Response + ".";

    public Dictionary<string, TensorSource> None { get; } = new(StringComparer.Ordinal);

    /// <summary>For a version: each of its inputs has one source of its type.</summary>
    public Dictionary<string, TensorSource> ForInputs(GraphMember version, IReadOnlyList<TensorSpec> inputs)
    {
        var sources = new Dictionary<string, TensorSource>(StringComparer.Ordinal);
        foreach (var name in (step.Inputs?.Keys ?? []).Where(name => !inputs.Any(input => input.Name == name)))
        {
            problems.Add($"{where}: {version} has no input '{name}'; its inputs are {string.Join(", ", inputs.Select(input => input.Name))}");
        }

        foreach (var input in inputs)
        {
            var source = Source(step.Inputs?.GetValueOrDefault(input.Name) ?? input.Name);
            if (ScopeOf(source) is { } scope && scope.Take(source.Name, input) is { } given)
            {
                Refuse(TensorFit.Problem(input, given), input.Name, version);
                sources[input.Name] = source;
            }
            else
            {
                problems.Add($"{where}: input '{input.Name}' of {version} gets nothing: there is no '{source.Name}' in the {(source.FromResponse ? "response" : "request")} ({Names(ScopeOf(source))})");
            }
        }

        return sources;
    }

    /// <summary>For a node: all that arrives, and the renamed ones before it.</summary>
    public (Scope? Scope, Dictionary<string, TensorSource> Inputs) ForNode()
    {
        var sources = new Dictionary<string, TensorSource>(StringComparer.Ordinal);
        var renamed = new List<TensorSpec>();
        foreach (var (name, text) in step.Inputs ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            var source = Source(text);
            if (ScopeOf(source)?.Find(source.Name) is { } given)
            {
                sources[name] = source;
                renamed.Add(given with { Name = name });
            }
            else
            {
                problems.Add($"{where}: '{name}' gets nothing: there is no '{source.Name}' in the {(source.FromResponse ? "response" : "request")} ({Names(ScopeOf(source))})");
                return (null, sources);
            }
        }

        return (new Scope(renamed, responseFirst ? response : request), sources);
    }

    private TensorSource Source(string text) =>
        text.StartsWith(RequestPrefix, StringComparison.Ordinal) ? new TensorSource(FromResponse: false, text[RequestPrefix.Length..])
        : text.StartsWith(ResponsePrefix, StringComparison.Ordinal) ? new TensorSource(FromResponse: true, text[ResponsePrefix.Length..])
        : new TensorSource(responseFirst, text);

    private Scope? ScopeOf(TensorSource source) => source.FromResponse ? response : request;

    private static string Names(Scope? scope) => scope is { Tensors.Count: > 0 } ? $"there are {string.Join(", ", scope.Tensors.Select(tensor => tensor.Name))}" : "it has none";

    private void Refuse(string? problem, string input, GraphMember version)
    {
        if (problem is not null)
        {
            problems.Add($"{where}: input '{input}' of {version} {problem}");
        }
    }
}
