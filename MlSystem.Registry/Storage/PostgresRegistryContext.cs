using System.Linq.Expressions;
using System.Reflection;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using MlSystem.Registry.Search;
using Npgsql;

namespace MlSystem.Registry.Storage;

/// <summary>The registry on PostgreSQL, shared by any number of replicas.</summary>
internal sealed class PostgresRegistryContext(DbContextOptions<PostgresRegistryContext> options) : RegistryContext(options)
{
    private static readonly MethodInfo LikeMethod = ((Func<DbFunctions, string, string, bool>)DbFunctionsExtensions.Like).Method;
    private static readonly MethodInfo ILikeMethod = ((Func<DbFunctions, string, string, bool>)NpgsqlDbFunctionsExtensions.ILike).Method;

    public override bool SingleWriter => false;

    public override bool IsConflict(Exception error) =>
        // A row that this transaction read was deleted before it could change it.
        error is DbUpdateConcurrencyException
        || (error as PostgresException ?? error.InnerException as PostgresException)?.SqlState is
            PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.ForeignKeyViolation
            or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;

    public override Expression Like(Expression text, string pattern, bool ignoreCase) =>
        Expression.Call(ignoreCase ? ILikeMethod : LikeMethod, Expression.Constant(EF.Functions), text, Predicates.Parameter(pattern));

    /// <summary>A B-tree's row has at most 2,704 bytes: a key of 250 characters, as many of the value and the run's id always fit.</summary>
    public override int? IndexedTextLength => 250;

    public override int MaxRows(int columns) => int.MaxValue;

    /// <summary>An array a column: a thousand rows have as few parameters as one, and the statement can stay prepared.</summary>
    public override (string Source, IReadOnlyList<object> Parameters) Rows(int columns, IReadOnlyList<object[]> rows) => (
        $"SELECT * FROM unnest({string.Join(", ", Enumerable.Range(0, columns).Select(i => $"{{{i}}}"))})",
        [.. Enumerable.Range(0, columns).Select(i => Column(rows, i))]);

    private static object Column(IReadOnlyList<object[]> rows, int column) => rows[0][column] switch
    {
        string => Values<string>(rows, column),
        long => Values<long>(rows, column),
        int => Values<int>(rows, column),
        double => Values<double>(rows, column),
        bool => Values<bool>(rows, column),
        var other => throw new NotSupportedException($"Rows of {other.GetType()} are not known here."),
    };

    private static T[] Values<T>(IReadOnlyList<object[]> rows, int column)
    {
        var values = new T[rows.Count];
        for (var row = 0; row < values.Length; row++)
        {
            values[row] = (T)rows[row][column];
        }

        return values;
    }

    /// <summary>An advisory lock: PostgreSQL gives it back by itself when the holder dies.</summary>
    public override Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken) =>
        Database.SqlQuery<bool>($"SELECT pg_try_advisory_xact_lock(7306086967063732590) AS \"Value\"").SingleAsync(cancellationToken);

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        var texts = modelBuilder.Model.GetEntityTypes().SelectMany(e => e.GetProperties()).Where(p => p.ClrType == typeof(string));
        foreach (var text in texts)
        {
            // Byte order, as on SQLite, whatever the server's locale: the same pages on both.
            text.SetCollation("C");
        }
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<PostgresRegistryContext>
    {
        public PostgresRegistryContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<PostgresRegistryContext>().UseNpgsql("Host=localhost").Options);
    }
}
