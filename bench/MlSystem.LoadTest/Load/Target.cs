namespace MlSystem.LoadTest.Load;

/// <summary>One thing that is loaded, and what each round gave.</summary>
/// <param name="Group">What it is compared within, such as <c>http16/lr</c>.</param>
/// <param name="Name">Who answers, such as <c>inference</c>.</param>
/// <param name="Load">One round. The targets of a group run one after the other, so a drift of the machine meets all alike.</param>
internal sealed record Target(string Group, string Name, Func<Task<LoadResult>> Load)
{
    /// <summary>The target of the same group that this one is compared with; null for a baseline.</summary>
    public string? Baseline { get; init; }

    public string Id => $"{Group}/{Name}";

    public List<LoadResult> Results { get; } = [];
}
