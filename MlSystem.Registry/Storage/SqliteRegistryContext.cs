using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using MlSystem.Registry.Search;

namespace MlSystem.Registry.Storage;

/// <summary>The registry on SQLite: one process, one writer at a time.</summary>
internal sealed class SqliteRegistryContext(DbContextOptions<SqliteRegistryContext> options) : RegistryContext(options)
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int Constraint = 19;

    /// <summary>A statement takes 32,766.</summary>
    private const int MaxParameters = 30_000;

    private static readonly MethodInfo GlobMethod = ((Func<DbFunctions, string, string, bool>)SqliteDbFunctionsExtensions.Glob).Method;
    private static readonly MethodInfo LikeMethod = ((Func<DbFunctions, string, string, bool>)DbFunctionsExtensions.Like).Method;

    public override bool SingleWriter => true;

    public override bool IsConflict(Exception error) =>
        (error as SqliteException ?? error.InnerException as SqliteException)?.SqliteErrorCode is Busy or Locked or Constraint;

    /// <summary>SQLite's own LIKE ignores case; GLOB does not.</summary>
    public override Expression Like(Expression text, string pattern, bool ignoreCase) => Expression.Call(
        ignoreCase ? LikeMethod : GlobMethod,
        Expression.Constant(EF.Functions),
        text,
        Predicates.Parameter(ignoreCase ? pattern : ToGlob(pattern)));

    /// <summary>SQLite's index takes values of any length.</summary>
    public override int? IndexedTextLength => null;

    public override int MaxRows(int columns) => MaxParameters / columns;

    public override (string Source, IReadOnlyList<object> Parameters) Rows(int columns, IReadOnlyList<object[]> rows)
    {
        var source = new StringBuilder("VALUES ");
        var parameter = 0;
        for (var row = 0; row < rows.Count; row++)
        {
            source.Append(row == 0 ? "(" : ", (");
            for (var column = 0; column < columns; column++)
            {
                source.Append(column == 0 ? "{" : ", {").Append(parameter++).Append('}');
            }

            source.Append(')');
        }

        return (source.ToString(), [.. rows.SelectMany(values => values)]);
    }

    public override Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        // PostgreSQL has the same with the values' beginnings, by its migration.
        modelBuilder.Entity<RunParam>().HasIndex(p => new { p.Key, p.Value, p.RunId }).HasDatabaseName("ix_run_params_key_value");
        modelBuilder.Entity<RunTag>().HasIndex(t => new { t.Key, t.Value, t.RunId }).HasDatabaseName("ix_run_tags_key_value");
    }

    private static string ToGlob(string pattern)
    {
        var glob = new StringBuilder(pattern.Length);
        foreach (var c in pattern)
        {
            _ = c switch
            {
                '%' => glob.Append('*'),
                '_' => glob.Append('?'),
                '*' or '?' or '[' => glob.Append('[').Append(c).Append(']'),
                _ => glob.Append(c),
            };
        }

        return glob.ToString();
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<SqliteRegistryContext>
    {
        public SqliteRegistryContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<SqliteRegistryContext>().UseSqlite("Data Source=design.db").Options);
    }
}
