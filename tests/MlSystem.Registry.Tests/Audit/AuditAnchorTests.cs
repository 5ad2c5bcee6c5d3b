using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MlSystem.Registry.Audit;
using MlSystem.Registry.Storage;
using MlSystem.Registry.Tests.Support;

namespace MlSystem.Registry.Tests.Audit;

/// <summary>Who can change the whole database can cut its end off or write it anew: the anchor beside it tells.</summary>
public sealed class AuditAnchorTests
{
    [Fact]
    public async Task A_chain_cut_off_with_its_head_is_found()
    {
        await using var app = await RegistryApp.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            await app.Registry.ModelAsync();
        }

        Assert.True(await app.Services.GetRequiredService<AuditAnchor>().MoveAsync(TestContext.Current.CancellationToken));
        await using var db = app.Services.GetRequiredService<RegistryDatabase>().Read();
        await db.Database.ExecuteSqlRawAsync("DELETE FROM audit_entries WHERE sequence > 3", TestContext.Current.CancellationToken);
        await db.Database.ExecuteSqlRawAsync("UPDATE audit_head SET sequence = 3, hash = (SELECT hash FROM audit_entries WHERE sequence = 3)", TestContext.Current.CancellationToken);

        var problem = Assert.Single(await ProblemsAsync(app));
        Assert.Equal((4, "truncated"), (problem.GetProperty("sequence").GetInt32(), problem.GetProperty("kind").GetString()));
        Assert.False(await app.Services.GetRequiredService<AuditAnchor>().MoveAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_chain_written_anew_is_found()
    {
        await using var app = await RegistryApp.StartAsync();
        await app.Registry.ModelAsync();
        await app.Registry.ModelAsync();
        Assert.True(await app.Services.GetRequiredService<AuditAnchor>().MoveAsync(TestContext.Current.CancellationToken));
        await using (var db = app.Services.GetRequiredService<RegistryDatabase>().Read())
        {
            var entries = await db.AuditEntries.AsTracking().OrderBy(e => e.Sequence).ToListAsync(TestContext.Current.CancellationToken);
            await db.AuditEntries.ExecuteDeleteAsync(TestContext.Current.CancellationToken);
            var hash = AuditHash.Genesis;
            db.ChangeTracker.Clear();
            foreach (var e in entries)
            {
                var forged = new AuditEntry
                {
                    Sequence = e.Sequence, Time = e.Time, Principal = "mallory", Action = e.Action, Resource = e.Resource, RequestId = e.RequestId,
                    Content = e.Content, Salt = e.Salt, ContentSha256 = e.ContentSha256, PreviousHash = hash,
                };
                forged.Hash = hash = AuditHash.Of(forged);
                db.AuditEntries.Add(forged);
            }

            (await db.AuditHeads.AsTracking().SingleAsync(TestContext.Current.CancellationToken)).Hash = hash;
            await db.SaveChangesAsync(TestContext.Current.CancellationToken);
        }

        Assert.Equal("altered", Assert.Single(await ProblemsAsync(app)).GetProperty("kind").GetString());
    }

    private static async Task<List<JsonElement>> ProblemsAsync(RegistryApp app) =>
        [.. (await app.Registry.NativeAsync("/api/audit/verify")).Ok().Body.GetProperty("problems").EnumerateArray()];
}
