using MlSystem.Contracts;

namespace MlSystem.Training.Gates.Rules;

/// <summary>Whether callers of the champion can go on as they do.</summary>
internal static class SignatureRule
{
    public static (SignatureResult Result, string? Reason) Judge(string policy, ModelSignature challenger, ModelSignature champion, int version)
    {
        var differences = Differences(challenger, champion).ToList();
        List<string> refused = policy switch
        {
            SignaturePolicy.Any => [],
            SignaturePolicy.AddedInputs => [.. differences.Where(d => d.Kind is Kind.Breaks).Select(d => d.Text)],
            _ => [.. differences.Where(d => d.Kind is Kind.Breaks or Kind.AddsInput).Select(d => d.Text)],
        };
        return (
            new SignatureResult(policy, [.. differences.Select(d => d.Text)], refused.Count == 0),
            refused.Count == 0 ? null : $"the signature differs from version {version}'s: {string.Join("; ", refused)} (policy {policy})");
    }

    private static IEnumerable<(Kind Kind, string Text)> Differences(ModelSignature challenger, ModelSignature champion)
    {
        if (challenger.Task != champion.Task)
        {
            yield return (Kind.Breaks, $"task {champion.Task} became {challenger.Task}");
        }

        var differences = Sides("input", challenger.Inputs, champion.Inputs, isInput: true).Concat(Sides("output", challenger.Outputs, champion.Outputs, isInput: false));
        foreach (var difference in differences)
        {
            yield return difference;
        }
    }

    private static IEnumerable<(Kind Kind, string Text)> Sides(string side, IReadOnlyList<TensorSpec> challenger, IReadOnlyList<TensorSpec> champion, bool isInput)
    {
        foreach (var added in challenger.Where(c => champion.All(o => o.Name != c.Name)))
        {
            yield return (isInput ? Kind.AddsInput : Kind.Harmless, $"{side} '{added.Name}' ({added.Datatype}) is added");
        }

        foreach (var old in champion)
        {
            if (challenger.FirstOrDefault(c => c.Name == old.Name) is not { } now)
            {
                yield return (Kind.Breaks, $"{side} '{old.Name}' is removed");
                continue;
            }

            foreach (var difference in Tensor($"{side} '{old.Name}'", now, old, isInput))
            {
                yield return difference;
            }
        }
    }

    private static IEnumerable<(Kind Kind, string Text)> Tensor(string what, TensorSpec now, TensorSpec old, bool isInput)
    {
        if (now.Datatype != old.Datatype)
        {
            yield return (Kind.Breaks, $"{what} was {old.Datatype} and is {now.Datatype}");
        }

        if (!now.Shape.SequenceEqual(old.Shape))
        {
            yield return (Kind.Breaks, $"{what} had the shape [{string.Join(", ", old.Shape)}] and has [{string.Join(", ", now.Shape)}]");
        }

        if (now.Nullable != old.Nullable)
        {
            yield return (now.Nullable == isInput ? Kind.Harmless : Kind.Breaks, $"{what} {(now.Nullable ? "may now" : "may no longer")} be missing");
        }

        if (!(now.Categories ?? []).SequenceEqual(old.Categories ?? [], StringComparer.Ordinal))
        {
            // Of inputs, categories are what training saw: an unseen one is taken all the same. Of outputs, they are the classes and their order.
            yield return (isInput ? Kind.Harmless : Kind.Breaks, $"{what} has other {(isInput ? "known categories" : "classes or another order of them")}");
        }
    }

    private enum Kind
    {
        Harmless,
        AddsInput,
        Breaks,
    }
}
