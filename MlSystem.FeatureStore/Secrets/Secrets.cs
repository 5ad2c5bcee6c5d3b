using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using MlSystem.FeatureStore.Definitions.Storage;
using MlSystem.ServiceDefaults.Startup;

namespace MlSystem.FeatureStore.Secrets;

/// <summary>A random value that all replicas share.</summary>
public sealed class SecretRow
{
    public required string Name { get; init; }

    public required string Value { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<SecretRow>
    {
        public void Configure(EntityTypeBuilder<SecretRow> builder)
        {
            builder.ToTable("secrets");
            builder.HasKey(r => r.Name);
            builder.Property(r => r.Name).HasMaxLength(32);
            builder.Property(r => r.Value).HasMaxLength(100);
        }
    }
}

/// <summary>
/// Hashes what must be recognized but not read: SHA-256 of a secret of this installation and the text. Without the secret, which stays in the
/// database, short texts can't be found by trying.
/// </summary>
public sealed class SaltedHash(IDbContextFactory<FeatureStoreContext> contexts) : IStartupTask
{
    private const string Salt = "hash_salt";
    private volatile string? _salt;

    public string Name => "secrets";

    /// <summary>The text that is put in front of what is hashed; hexadecimal.</summary>
    public string Prefix => _salt ?? throw new InvalidOperationException("The secrets have not been read yet.");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var found = await context.Secrets.AsNoTracking().SingleOrDefaultAsync(row => row.Name == Salt, cancellationToken);
        if (found is null)
        {
            // Another replica may do the same: the loser fails here, is started again and finds the winner's.
            context.Secrets.Add(found = new SecretRow { Name = Salt, Value = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)) });
            await context.SaveChangesAsync(cancellationToken);
        }

        _salt = found.Value;
    }

    /// <summary>64 hexadecimal digits; DuckDB's <c>sha256(concat(prefix, text))</c> is the same.</summary>
    public string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Prefix + text)));
}
