using Microsoft.EntityFrameworkCore;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Lineage;

/// <summary>Whose name a model's name was when: what tells of a model by its name is about the model that had it then.</summary>
internal static class ModelNames
{
    /// <summary>Together with the rename or deletion.</summary>
    public static void GiveAway(RegistryContext db, RegisteredModel model, DateTimeOffset now) =>
        db.FormerModelNames.Add(new() { ModelId = model.ModelId, Name = model.Name, Until = now.ToUnixTimeMilliseconds() });

    /// <summary>The names of a model, the present one first, each with the time in which it was this model's.</summary>
    public static async Task<IReadOnlyList<NameSpan>> OfAsync(RegistryContext db, RegisteredModel model, CancellationToken cancellationToken)
    {
        var former = await db.FormerModelNames.Where(n => n.ModelId == model.ModelId).OrderByDescending(n => n.Until).ToListAsync(cancellationToken);
        List<(string Name, long Until)> had = [(model.Name, long.MaxValue), .. former.Select(n => (n.Name, n.Until))];
        var names = had.Select(n => n.Name).Distinct().ToList();
        var given = await db.FormerModelNames.Where(n => names.Contains(n.Name)).ToListAsync(cancellationToken);
        return [.. had.Select(n => new NameSpan(n.Name, given.Where(g => g.Name == n.Name && g.Until < n.Until).Select(g => g.Until).DefaultIfEmpty(0).Max(), n.Until))];
    }

    /// <summary>What the model is called now that had a name at a time; the name itself where nobody gave it away since.</summary>
    public static async Task<string> PresentAsync(RegistryContext db, string name, long time, CancellationToken cancellationToken)
    {
        var owner = await db.FormerModelNames.Where(n => n.Name == name && n.Until > time).OrderBy(n => n.Until).Select(n => (long?)n.ModelId).FirstOrDefaultAsync(cancellationToken);
        return owner is null ? name : await db.Models.Where(m => m.ModelId == owner).Select(m => m.Name).FirstOrDefaultAsync(cancellationToken) ?? name;
    }
}

/// <summary>A name and when it was a model's: Unix milliseconds, the end exclusive.</summary>
internal sealed record NameSpan(string Name, long From, long Until)
{
    public bool Has(long time) => From <= time && time < Until;
}
