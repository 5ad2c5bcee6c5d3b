using Microsoft.EntityFrameworkCore;

namespace MlSystem.Registry.Search;

/// <summary>A page of a result that consists of several queries' rows, one query's behind the other's.</summary>
internal static class PiecedPage
{
    /// <returns>At most <paramref name="count"/> rows behind the first <paramref name="offset"/>.</returns>
    public static async Task<List<T>> ReadAsync<T>(IReadOnlyList<IQueryable<T>> pieces, int offset, int count, CancellationToken cancellationToken)
    {
        var page = new List<T>();
        for (var i = 0; i < pieces.Count && page.Count < count; i++)
        {
            var found = await pieces[i].Skip(offset).Take(count - page.Count).ToListAsync(cancellationToken);
            page.AddRange(found);

            // How many rows are skipped of the next piece; only an empty part of a piece does not tell how long the piece is.
            var last = i == pieces.Count - 1;
            offset = last || found.Count > 0 || offset == 0 ? 0 : offset - await pieces[i].CountAsync(cancellationToken);
        }

        return page;
    }
}
